"""What does not change in a report: its frame, style and script. Nothing is loaded from anywhere."""

from string import Template

# A browser may forget that a table is one where its rows are laid out as a grid, hence the roles.
# The policy makes a browser refuse whatever a file name or message could smuggle in.
HEAD = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>monfap: $num_fake of $num_all called fake</title>
<style>$style</style>
</head>
<body>
<h1>Which pictures are fake, and where</h1>
<dl class="counts">$counts</dl>
<p>P(fake) is what the model believes of the whole file; regions and fake pixels are its second answer, and may
disagree. Neither is proof.</p>
<table class="answers" role="table">
<caption>Answers</caption>
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader">picture</th>
<th scope="col" role="columnheader" data-first="ascending">file</th>
<th scope="col" role="columnheader" data-first="descending" class="number" aria-sort="descending">P(fake)</th>
<th scope="col" role="columnheader">verdict</th>
<th scope="col" role="columnheader" data-first="descending" class="number">regions</th>
<th scope="col" role="columnheader" data-first="descending" class="number">fake pixels</th>
<th scope="col" role="columnheader">details</th>
</tr></thead>
<tbody role="rowgroup">
""")

ERRORS = """</tbody>
</table>
<h2>No answer</h2>
<table class="errors">
<thead><tr><th scope="col">file</th><th scope="col">why</th></tr></thead>
<tbody>
"""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #202020; --faint: #5c5c5c; --line: #d4d4d4; --link: #00568a;
  --fake: #b34700; --real: #00745a }
@media (prefers-color-scheme: dark) { :root { --paper: #17191c; --ink: #e8e8e8; --faint: #a8a8a8; --line: #41454a;
  --link: #7cc4f5; --fake: #ff9a57; --real: #4fd3ab } }
body { margin: 1.5rem auto; max-width: 70rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2rem }
a { color: var(--link) }
dl.counts { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem } dl.counts div { display: flex; flex-direction: column }
dl.counts dd { order: -1; font-size: 1.6rem; font-weight: 600 }
dl.settings { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 1rem }
dd { margin: 0; overflow-wrap: anywhere } dt { color: var(--faint) }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; font-size: 1.2rem; font-weight: 600; padding-bottom: .4rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line) }
.answers > thead th { white-space: nowrap }
tbody > tr > th { font-weight: 600 } th[scope=row], .errors td { overflow-wrap: anywhere }
small { display: block; font-weight: normal; color: var(--faint) }
.number, .answers .number button { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
th button { all: unset; cursor: pointer; text-decoration: underline dotted }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: 3px }
th[aria-sort=ascending] button::after { content: " \\25b2" }
th[aria-sort=descending] button::after { content: " \\25bc" }
.fake { color: var(--fake); font-weight: 700 } .real { color: var(--real); font-weight: 700 }
.answers img { display: block; max-width: 100%; height: auto }
details { font-weight: normal } summary { cursor: pointer; color: var(--link) }
td details table { width: auto; margin: .3rem 0; font-size: .875rem }
td details th, td details td { padding: .1rem .5rem }
/* Rows are grids, so that details open across all columns, and what is out of sight costs nothing: sorting is fast. */
@media screen {
  .answers, .answers > tbody { display: block }
  .answers > caption { display: block }
  .answers > thead { display: block; position: sticky; top: 0; z-index: 1; background: var(--paper) }
  .answers > * > tr { display: grid; grid-template-columns: 10rem minmax(0, 1fr) 6rem 5rem 6rem 7.5rem;
    border-bottom: 1px solid var(--line) }
  .answers > * > tr > * { border: 0 }
  .answers > * > tr > :last-child { grid-column: 1 / -1; padding-top: 0; overflow-x: auto }
  .answers > thead > tr > :last-child { display: none }
  .answers > tbody > tr { content-visibility: auto; contain-intrinsic-size: auto 9rem }
}
@media screen and (max-width: 46rem) {
  .answers > thead > tr { display: flex; flex-wrap: wrap }
  .answers > thead th:not([data-first]) { display: none }
  .answers > tbody > tr { grid-template-columns: 7rem minmax(0, 1fr); contain-intrinsic-size: auto 12rem }
  .answers > tbody > tr > * { grid-column: 2; padding-bottom: 0; text-align: left }
  .answers > tbody > tr > :first-child { grid-area: 1 / 1 / span 5 }
  .answers > tbody > tr > :last-child { padding-bottom: .4rem }
  .answers > tbody > tr > :nth-child(3)::before { content: "P(fake) " }
  .answers > tbody > tr > :nth-child(5)::before { content: "regions " }
  .answers > tbody > tr > :nth-child(6)::before { content: "fake pixels " }
}
.bar { display: flex; width: 9rem; height: 1rem } .bar i { forced-color-adjust: none; border-right: 1px solid #fff }
@media print { :root { --paper: #fff; --ink: #000; --faint: #444; --line: #999; --link: #000; --fake: #8a3600;
  --real: #005a46 } body { margin: 0; max-width: none; font-size: 10pt }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  tr { break-inside: avoid } h2 { break-after: avoid } thead { display: table-header-group }
  th[scope=row] { min-width: 11rem }
  th button { display: contents } summary { list-style: none; color: var(--faint) } }
"""

# Without it the table stands as it is written: sorted by P(fake).
SCRIPT = """
const table = document.querySelector('table.answers'), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
const order = new Intl.Collator(undefined, { numeric: true });
function sort(head, column) {
  const now = head.getAttribute('aria-sort');
  const next = now ? (now === 'ascending' ? 'descending' : 'ascending') : head.dataset.first;
  heads.forEach(other => other.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort', next);
  const sign = next === 'ascending' ? 1 : -1, isNumber = head.classList.contains('number');
  const rows = [...body.rows].map(row => ({ row, value: row.cells[column].dataset.value }));
  // What has no value comes last, whichever way.
  rows.sort((a, b) => (a.value === '') - (b.value === '')
    || sign * (isNumber ? a.value - b.value : order.compare(a.value, b.value)));
  body.replaceChildren(...rows.map(entry => entry.row));
}
heads.forEach((head, column) => {
  if (!head.dataset.first) return;
  const button = document.createElement('button');
  button.append(...head.childNodes);
  button.addEventListener('click', () => sort(head, column));
  head.append(button);
});
"""

FOOT = Template("""</tbody>
</table>
<h2>Model and settings</h2>
<dl class="settings">$settings</dl>
<script>$script</script>
</body>
</html>
""")
