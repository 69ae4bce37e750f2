/** The page's look: quiet, in light and dark, a table on a wide screen and a list of cards on a narrow one. */
export const style = `
:root {
  --back: #f6f7f9; --card: #fff; --line: #e3e6eb; --text: #1c2129; --soft: #5d6673;
  --fire: #b3261e; --fire-back: #fdecea; --calm: #1a7f4b; --warn: #96590a; --warn-back: #fdf3e1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12151a; --card: #1a1e25; --line: #2b313b; --text: #e6e9ee; --soft: #98a1ae;
    --fire: #ff8a80; --fire-back: #3a1d1c; --calm: #6fd39c; --warn: #f0b95c; --warn-back: #35291a;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body {
  margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1, h2, h3, p, ol { margin: 0; padding: 0 }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; margin-bottom: 1.5rem }
h1 { font-size: 1.6rem; font-weight: 650; letter-spacing: -.01em }
h1.firing { color: var(--fire) }
h1.quiet { color: var(--calm) }
.link { margin-left: auto; color: var(--soft); font-size: .875rem }
.link.off { color: var(--warn); font-weight: 600 }
.view { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; margin-bottom: 1rem }
.view > header { display: flex; flex-wrap: wrap; gap: .1rem 1rem; align-items: baseline; justify-content: space-between }
h2 { font-size: 1.05rem; font-weight: 650; overflow-wrap: anywhere }
h3 { font-size: .8rem; font-weight: 600; color: var(--soft); margin: 1.1rem 0 .3rem }
.help { color: var(--soft); font-size: .875rem; margin-bottom: .75rem; overflow-wrap: anywhere }
.state { font-size: .8rem; color: var(--soft) }
.state::before { content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; background: currentColor; margin-right: .45em }
.state.live::before { background: var(--calm) }
.state.stale, .state.blocked, .state.failed { color: var(--warn); font-weight: 600 }
.problem { background: var(--warn-back); color: var(--warn); border-radius: 6px; padding: .5rem .75rem; margin-bottom: .75rem; font-size: .875rem; overflow-wrap: anywhere }
.none, .more { color: var(--soft) }
.more { font-size: .875rem; margin-top: .5rem }
.wide { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th { text-align: left; font-size: .8rem; font-weight: 600; color: var(--soft); padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line) }
th button { all: unset; cursor: pointer }
th button:focus-visible { outline: 2px solid; outline-offset: 2px; border-radius: 3px }
th[aria-sort=ascending] button::after { content: " ↑" }
th[aria-sort=descending] button::after { content: " ↓" }
input { flex: 1 0 100%; max-width: 22rem; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .35rem .7rem }
td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
tr:last-child td { border-bottom: 0 }
th:last-child, td:last-child { padding-right: 0 }
.number { text-align: right; white-space: nowrap }
.short { white-space: nowrap }
.absent, td time { color: var(--soft) }
.alerts td:first-child { font-weight: 600; color: var(--fire) }
.alerts td:first-child time { color: inherit }
.transitions { list-style: none; font-size: .875rem }
.transitions li { display: flex; gap: .75rem; padding: .12rem 0; align-items: baseline }
.transitions .what { flex: 0 0 4.5rem; color: var(--soft) }
.transitions .firing .what { color: var(--fire) }
.transitions .resolved .what { color: var(--calm) }
.transitions .who { flex: 1; min-width: 0; overflow-wrap: anywhere }
.transitions time { color: var(--soft); white-space: nowrap; font-variant-numeric: tabular-nums }
details { margin-top: .25rem; font-size: .875rem }
summary { color: var(--soft); cursor: pointer }
footer { color: var(--soft); font-size: .875rem; display: flex; gap: 1.25rem }
a { color: inherit }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
@media (max-width: 36rem) {
  body { padding: 1.25rem .75rem 2rem }
  .view { padding: .9rem 1rem }
  .link { margin-left: 0 }
  .measurements :is(th, td):last-child { display: none }
  .alerts thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .alerts, .alerts tbody, .alerts tr { display: block }
  .alerts tr { padding: .5rem 0; border-bottom: 1px solid var(--line) }
  .alerts tr:last-child { border-bottom: 0 }
  .alerts td { display: flex; gap: 1rem; justify-content: space-between; text-align: right; white-space: normal; padding: .1rem 0; border: 0 }
  .alerts td::before { content: attr(data-head); flex: none; color: var(--soft); font-weight: 400 }
}`
