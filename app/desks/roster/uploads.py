"""What is sent with a roster: looked at before a worker gets it, and packed as the JSON route takes it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.types import Message

from app.desks.texts import Text

MOST_SHOWN: Final = 60
ZIP_MARK: Final = b"PK\x03\x04"
OLD_EXCEL_MARK: Final = b"\xd0\xcf\x11\xe0"
_MIB: Final = 1024 * 1024


def upload_fault(name: str, head: bytes, size: int, most_bytes: int) -> Text | None:
    """Say what is wrong with a file by its name, first bytes and size, and how to mend it; None if it may be read."""
    if not name:
        return Text("请选择要导入的工作簿。")
    if size == 0:
        return Text("文件“%(name)s”是空的。请在表格软件中打开检查，另存后再选。", name=name[-MOST_SHOWN:])
    if size > most_bytes:
        return Text(
            "文件有%(size)s MB，超过%(most)s MB。请删去多余的工作表和图片，或分成几份导入。",
            size=size // _MIB + 1,
            most=most_bytes // _MIB,
        )
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if head.startswith(OLD_EXCEL_MARK):
        ending = "xls"
    if ending in _OTHERS:
        return _OTHERS[ending]
    if not head.startswith(ZIP_MARK):
        return Text("文件“%(name)s”不是 .xlsx 工作簿。请用名单模板填写后再选。", name=name[-MOST_SHOWN:])
    return None


_OTHERS: Final = {
    "xlsm": Text("含宏的工作簿（.xlsm）不收。请另存为“Excel 工作簿（.xlsx）”后再选。"),
    "xls": Text("这是旧版 Excel 文件，或加了密码。请去掉密码，另存为“Excel 工作簿（.xlsx）”后再选。"),
    "csv": Text("CSV 文件不收：长数字会失真。请在表格软件中另存为“Excel 工作簿（.xlsx）”后再选。"),
}


def packed(fields: Mapping[str, str], name: str, content: bytes) -> tuple[str, bytes]:
    """Answer (media type, body) of a form with a file, as the JSON route of imports takes it."""
    boundary = sha256(content).hexdigest()  # no file holds the hash of itself
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    safe = "".join(one if one.isprintable() and one not in '"\\' else "_" for one in name)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
    parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", content]
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, f"\r\n--{boundary}--\r\n".encode()])


async def unpacked(media_type: str, body: bytes) -> tuple[Mapping[str, str], str, bytes]:
    """Answer the fields, the file's name and its content of what `packed` made."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", media_type.encode())]}
    async with Request(scope, receive).form() as form:
        fields = {key: value for key, value in form.items() if isinstance(value, str)}
        file = form["file"]
        assert isinstance(file, UploadFile)
        return fields, file.filename or "", await file.read()
