"""The looks of a storm's report: the colours of Parvis, light and dark, and nothing from elsewhere."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #f5f1ea; --raised: #fffdf9; --line: #d9d1c3; --ink: #1f1b16; --soft: #4d463b;
  --brass: #7a5408; --fill: #e3b457; --bad: #9c1f17; --good: #2d5a33; --blue: #14509e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0c111d; --raised: #151c2c; --line: #2a3347; --ink: #f1ece2; --soft: #bdb9b0;
    --brass: #e8bd6b; --fill: #e0b25a; --bad: #ff9d92; --good: #9fd0a4; --blue: #8fbcff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
h1 { font: 600 1.95rem/1.2 "Iowan Old Style", Palatino, "P052", Georgia, serif; margin: 0 0 .3rem; }
.where { color: var(--soft); margin: 0 0 1.6rem; overflow-wrap: anywhere; }
.verdict { border-left: .3rem solid var(--good); background: var(--raised); padding: .8rem 1rem; }
.verdict strong { color: var(--good); }
.verdict.failed { border-color: var(--bad); }
.verdict.failed strong { color: var(--bad); }
.verdict ul { margin: .3rem 0 0; padding-left: 1.2rem; }
.figures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem;
  margin: 1rem 0 1.6rem;
}
.figures div, figure {
  background: var(--raised); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem;
}
.figures b { display: block; font-size: 1.45rem; font-weight: 600; }
.figures span, th, small { color: var(--soft); }
figure { margin: 0 0 1rem; }
figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1rem; justify-content: space-between; }
small { font-size: .9rem; display: flex; flex-wrap: wrap; gap: 0 1rem; }
svg { width: 100%; height: auto; display: block; margin-top: .4rem; }
svg text { fill: var(--soft); font-size: 12px; }
@media (max-width: 40rem) { svg text { font-size: 18px; } }
path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.grid { stroke: var(--line); stroke-width: 1; }
.one { stroke: var(--brass); }
.two { stroke: var(--blue); }
.three { stroke: var(--bad); }
.bar { fill: var(--fill); }
.mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 4 3; }
.key::before {
  content: ""; display: inline-block; width: 1rem; margin-right: .35rem; vertical-align: middle;
  border-top: 3px solid;
}
.key.one::before { color: var(--brass); }
.key.two::before { color: var(--blue); }
.key.three::before { color: var(--bad); }
table { border-collapse: collapse; width: 100%; margin: 1.6rem 0; }
th, td {
  text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0;
  border-bottom: 1px solid var(--line);
}
th { font-weight: 400; white-space: nowrap; }
pre { overflow-x: auto; font-size: .85rem; }
"""
