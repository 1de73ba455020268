"""The search box: firms by name, pinyin or code, each with the way to the page of it that is the viewer's."""
