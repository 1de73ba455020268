// What helps while a need or a firm is typed: amounts in words, credit codes checked, places suggested.
// Without it the same is said by the server when the page is sent.
"use strict";

(() => {
  const halfWidth = (text) => text.normalize("NFKC").replace(/\s+/gu, "");

  // Amounts: the same reading as app/desks/submission/reading.py, the same words as app/desks/amounts_in_words.py.
  const FEN_PER_WAN = 1000000n;
  const MOST_FEN = 10n ** 15n;
  const FEN_PER = { 亿元: 10000n * FEN_PER_WAN, 亿: 10000n * FEN_PER_WAN, 万元: FEN_PER_WAN, 万: FEN_PER_WAN, 元: 100n };
  const DIGITS = "零一二三四五六七八九";
  const PLACES = ["", "十", "百", "千"];
  const MYRIADS = ["", "万", "亿", "万亿"];
  const ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
    "seventeen eighteen nineteen").split(" ");
  const TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
  const THOUSANDS = ["", " thousand", " million", " billion", " trillion"];

  function readAmount(text) {
    const found = /^[¥$]?(\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(亿元|亿|万元|万|元)?$/u.exec(halfWidth(text));
    if (!found || halfWidth(text).length > 40) return null;
    const [whole, rest = ""] = found[1].replaceAll(",", "").split(".");
    const scale = 10n ** BigInt(rest.length);
    const scaled = BigInt(whole + rest || "0") * (FEN_PER[found[2]] ?? FEN_PER_WAN);
    const fen = scaled / scale;
    return scaled % scale !== 0n || fen > MOST_FEN ? null : fen;
  }

  function four(number) {
    let text = "";
    let isGap = false;
    for (let place = 3; place >= 0; place -= 1) {
      const digit = Math.floor(number / 10 ** place) % 10;
      if (digit) text += (isGap && text ? "零" : "") + DIGITS[digit] + PLACES[place];
      isGap = !digit;
    }
    return text;
  }

  function wholeInChinese(number) {
    if (number === 0n) return DIGITS[0];
    let text = "";
    let isGap = false;
    for (let at = 3; at >= 0; at -= 1) {
      const part = Number((number / 10000n ** BigInt(at)) % 10000n);
      if (!part) {
        isGap = text !== "";
        continue;
      }
      const isShared = at === 3 && (number / 10000n ** 2n) % 10000n !== 0n;
      text += (text && (isGap || part < 1000) ? "零" : "") + four(part) + (isShared ? "万" : MYRIADS[at]);
      isGap = false;
    }
    return text.startsWith("一十") ? text.slice(1) : text;
  }

  function inChinese(fen) {
    const yuan = fen / 100n;
    const rest = Number(fen % 100n);
    const whole = yuan || !rest ? `${wholeInChinese(yuan)}元` : "";
    if (!rest) return `${whole}整`;
    const jiao = Math.floor(rest / 10);
    const cents = rest % 10;
    return whole + (jiao ? `${DIGITS[jiao]}角` : whole ? "零" : "") + (cents ? `${DIGITS[cents]}分` : "");
  }

  function hundreds(number) {
    const parts = [];
    const rest = number % 100;
    if (number >= 100) parts.push(`${ONES[Math.floor(number / 100)]} hundred`);
    if (rest >= ONES.length) parts.push(TENS[Math.floor(rest / 10)] + (rest % 10 ? `-${ONES[rest % 10]}` : ""));
    else if (rest) parts.push(ONES[rest]);
    return parts.join(" ");
  }

  function count(number) {
    if (number === 0n) return ONES[0];
    const parts = [];
    for (let at = THOUSANDS.length - 1; at >= 0; at -= 1) {
      const three = Number((number / 1000n ** BigInt(at)) % 1000n);
      if (three) parts.push(hundreds(three) + THOUSANDS[at]);
    }
    return parts.join(" ");
  }

  function inEnglish(fen) {
    const rest = fen % 100n;
    const parts = fen / 100n || !rest ? [`${count(fen / 100n)} yuan`] : [];
    if (rest) parts.push(`${count(rest)} fen`);
    return parts.join(" and ");
  }

  const inWords = (fen) => (document.documentElement.lang.startsWith("zh") ? inChinese(fen) : inEnglish(fen));

  // Credit codes (GB 32100-2015): 31 characters, the last one follows from the first 17.
  const ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
  const SEPARATORS = /[\s\-‐‑‒–—−·.'`]+/gu;

  function checkCode(text) {
    const code = text.normalize("NFKC").replace(SEPARATORS, "").toUpperCase();
    const characters = [...code];
    if (!code) return { code, fault: "empty" };
    if (characters.length !== 18) return { code, fault: "length", count: characters.length };
    const isStrange = (one, at) => !(at >= 2 && at < 8 ? "0123456789" : ALPHABET).includes(one);
    if (characters.some(isStrange)) return { code, fault: "characters" };
    const total = WEIGHTS.reduce((sum, weight, at) => sum + weight * ALPHABET.indexOf(code[at]), 0);
    return code[17] === ALPHABET[(31 - (total % 31)) % 31] ? { code, fault: null } : { code, fault: "check_digit" };
  }

  function describe(input, id) {
    const ids = new Set((input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    input.setAttribute("aria-describedby", [...ids.add(id)].join(" "));
  }

  function followAmounts() {
    for (const box of document.querySelectorAll("[data-amount]")) {
      const input = box.querySelector("input");
      const words = box.querySelector(".words");
      const say = () => {
        const fen = readAmount(input.value);
        words.textContent = fen === null || (fen === 0n && box.dataset.amount) ? "" : inWords(fen);
      };
      describe(input, words.id);
      input.addEventListener("input", say);
      say();
    }
  }

  function followCodes() {
    for (const box of document.querySelectorAll("[data-credit-code]")) {
      const input = box.querySelector("input");
      const words = box.querySelector(".words");
      const say = (isLeft) => {
        const { fault, code, count: found } = checkCode(input.value);
        const isShort = fault === "length" && found < 18;
        // Nobody is told off in the middle of typing.
        const told = fault === "empty" || (isShort && !isLeft) ? "" : box.dataset[fault === null ? "right" : fault.replace("check_digit", "check")];
        words.textContent = (told ?? "").replace("{count}", found ?? code.length);
        words.classList.toggle("fault", Boolean(told) && fault !== null);
      };
      describe(input, words.id);
      input.addEventListener("input", () => say(false));
      input.addEventListener("blur", () => say(true));
      if (input.value && !box.querySelector("p.fault:not(.words)")) say(true);
    }
  }

  // Places: a combobox with a list below it (ARIA Authoring Practices, combobox with list autocomplete).
  function suggest(box, number) {
    const input = box.querySelector("input");
    const list = document.createElement("ul");
    const told = document.createElement("p");
    let asked = 0;
    let chosen = -1;
    let timer = 0;
    list.id = `${input.id}-list-${number}`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0]?.textContent.trim() ?? "");
    list.hidden = true;
    told.className = "unseen";
    told.setAttribute("role", "status");
    box.append(list, told);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");

    const options = () => [...list.children];
    function show(isOpen) {
      list.hidden = !isOpen;
      input.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) mark(-1);
    }
    function mark(at) {
      chosen = at;
      options().forEach((one, index) => one.setAttribute("aria-selected", String(index === at)));
      if (at < 0) input.removeAttribute("aria-activedescendant");
      else {
        input.setAttribute("aria-activedescendant", options()[at].id);
        options()[at].scrollIntoView({ block: "nearest" });
      }
    }
    function take(option) {
      input.value = option.dataset.value;
      show(false);
    }
    function fill(items) {
      list.replaceChildren(...items.map((item, index) => {
        const option = document.createElement("li");
        const code = document.createElement("small");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.value = `${item.code} ${box.dataset.suggestions.endsWith("regions") ? item.path : item.name}`;
        code.textContent = ` ${item.code}`;
        option.append(item.path, code);
        option.addEventListener("mousedown", (event) => { event.preventDefault(); take(option); });
        return option;
      }));
      told.textContent = items.length ? `${items.length} ${box.dataset.found}` : box.dataset.none;
      show(items.length > 0);
      mark(-1);
    }
    async function ask() {
      const text = input.value.trim();
      const mine = (asked += 1);
      if (!text) { show(false); return; }
      try {
        const answer = await fetch(`${box.dataset.suggestions}?q=${encodeURIComponent(text.slice(0, 60))}`, { headers: { accept: "application/json" } });
        if (answer.ok && mine === asked && document.activeElement === input) fill((await answer.json()).items);
      } catch {
        show(false); // The network is away: what is typed is read by the server all the same.
      }
    }
    input.addEventListener("input", (event) => {
      if (event.isComposing) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, 150);
    });
    input.addEventListener("compositionend", () => { window.clearTimeout(timer); timer = window.setTimeout(ask, 0); });
    input.addEventListener("blur", () => { asked += 1; show(false); });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const last = options().length - 1;
      if (event.key === "ArrowDown" && list.hidden) ask();
      else if (list.hidden || last < 0) return;
      else if (event.key === "ArrowDown") mark(chosen >= last ? 0 : chosen + 1);
      else if (event.key === "ArrowUp") mark(chosen <= 0 ? last : chosen - 1);
      else if (event.key === "Enter" && chosen >= 0) take(options()[chosen]);
      else if (event.key === "Escape") show(false);
      else return;
      event.preventDefault();
    });
  }

  // Questions that only follow from another answer are put away until then.
  function follow(source, value, names) {
    const boxes = document.querySelectorAll(`input[name="${source}"]`);
    if (!boxes.length) return;
    const set = () => {
      const isAsked = [...boxes].some((one) => one.checked && one.value === value);
      for (const name of names) {
        const question = document.querySelector(`[data-question="${name}"]`);
        if (question) question.hidden = !isAsked;
      }
    };
    boxes.forEach((one) => one.addEventListener("change", set));
    set();
  }

  document.addEventListener("DOMContentLoaded", () => {
    followAmounts();
    followCodes();
    document.querySelectorAll("[data-suggestions]").forEach(suggest);
    document.querySelectorAll(".no-script").forEach((one) => one.remove());
    follow("subject", "project", ["project_name", "project_region"]);
    follow("consent", "yes", ["groups", "evidence"]);
  });
  window.rongqiaoNeed = { readAmount, inChinese, inEnglish, checkCode };
})();
