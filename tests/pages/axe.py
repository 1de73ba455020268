"""What axe-core finds on a page that is serious.

Contrast is most of what it costs, and of a long table it is the same for nearly all cells. So contrast is looked at
where it can differ: of words that are drawn alike (their own colours, size and weight, and tag, classes, colours and
backgrounds of all that they stand in), at the first two and the last. Rules by which nothing is ever serious are left
out, and all others are asked in one run: axe draws its own picture of the page for each.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

GRAVE: Final = frozenset({"serious", "critical"})
LIKE_THE_FIRST: Final = (".entries article:nth-of-type(n+3)", ".pointers li:nth-of-type(n+3)")
"""A booklet's hundreds of entries and pointers, each list drawn as its first two: axe took half a minute for all."""
RUN: Final = """async ([skipped, onlyContrast]) => {
  const ways = new Map(), alike = new Map();
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  const wayTo = (one) => {  // all that may be seen behind it, or be mixed with its colour
    if (!one) return '';
    if (!ways.has(one)) {
      const drawn = getComputedStyle(one);
      ways.set(one, [
        wayTo(one.parentElement), one.tagName, one.getAttribute('class'), drawn.backgroundColor,
        drawn.backgroundImage, drawn.opacity, drawn.filter, drawn.mixBlendMode, drawn.position, drawn.zIndex,
        one.matches(':disabled, [aria-disabled=true]') || one.control?.disabled,
      ].join('|'));
    }
    return ways.get(one);
  };
  for (const one of document.querySelectorAll('body, body *')) {
    const typed = 'value' in one || 'placeholder' in one;
    if (!typed && ![...one.childNodes].some(isText)) continue;
    if (!one.checkVisibility() || one.closest(skipped.join())) continue;
    const drawn = getComputedStyle(one);
    // axe leaves single characters and signs to people.
    const words = [...one.childNodes].filter(isText).map((node) => node.data.trim()).join(' ');
    const key = [
      wayTo(one), drawn.color, drawn.fontSize, drawn.fontWeight, drawn.textShadow, drawn.textIndent,
      typed, words.length > 1, /[\\p{L}\\p{N}]/u.test(words),
    ].join('§');
    const group = alike.get(key);
    if (!group) alike.set(key, [one]);
    else group[Math.min(group.length, 2)] = one;
  }
  for (const one of [...alike.values()].flat()) one.setAttribute('data-shown', '');
  axe.configure({rules: [{id: 'color-contrast', selector: '[data-shown]'}]});
  const isMild = (rule) => ['minor', 'moderate'].includes(rule.impact);
  const mild = Object.fromEntries(axe._audit.rules.filter(isMild).map((rule) => [rule.id, {enabled: false}]));
  const which = onlyContrast ? {runOnly: ['color-contrast']} : {rules: mild};
  const options = {resultTypes: ['violations'], selectors: false, ...which};
  const found = (await axe.run({include: document, exclude: skipped}, options)).violations;
  for (const one of document.querySelectorAll('[data-shown]')) one.removeAttribute('data-shown');
  return found.map((one) => [one.id, one.impact, one.help, one.nodes[0].html.replace(' data-shown=""', '')]);
}"""


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def furnish(context: BrowserContext) -> None:
    """Have every page of a context begin with axe-core: Chromium reads it three times as fast as when it is sent to the page."""
    context.add_init_script(script=_axe())


def faults(page: Page, *, only_contrast: bool = False) -> list[str]:
    """Answer what axe-core finds that is serious, in a furnished context; of contrast alone if that is wanted."""
    found: list[list[Any]] = page.evaluate(RUN, [list(LIKE_THE_FIRST), only_contrast])
    return [
        f"{name} ({impact}): {said}: {json.dumps(drawn)[:300]}"
        for name, impact, said, drawn in found
        if impact in GRAVE
    ]
