// The page's style: light, dark and print. Colours after Okabe and Ito; those used for text have a contrast of 4.5 to 1 or
// more against the background.
import { html as verbatim } from "./markup.ts";

export const STYLE = verbatim`<style>
:root { color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --muted: #5b6570; --line: #d9dee4; --card: #f5f6f6;
  --blue: #0072b2; --red: #c4440b; --green: #00714f; --grey: #98a2ad; --orange: #e69f00; --pink: #cc79a7;
  --yellow: #b8a500; --free: #d9dee4; --track: #eef1f4 }
@media (prefers-color-scheme: dark) {
  :root { --bg: #14171a; --fg: #e7ebef; --muted: #9aa5b1; --line: #333a42; --card: #1c2126;
    --blue: #4aa8e0; --red: #ec6a33; --green: #2bc79a; --grey: #6f7a85; --free: #333a42; --track: #23292f }
  a { color: var(--blue) }
}
* { box-sizing: border-box }
body { font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; background: var(--bg); color: var(--fg);
  margin: 0 auto; max-width: 1180px; padding: 20px 24px }
h1 { font-size: 22px; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 15px; margin: 0 0 8px }
small, .muted { color: var(--muted); font-weight: 400 }
code, pre, .mono { font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
pre { margin: 4px 0 2px; white-space: pre-wrap }
header { display: flex; justify-content: space-between; gap: 16px; border-bottom: 2px solid var(--fg); padding-bottom: 10px }
header p { margin: 2px 0 }
header div:last-child { text-align: right }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 14px 0 }
.tiles div, ol.readings li { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; min-width: 0 }
.tiles div { overflow-wrap: anywhere }
.tiles b { display: block; font-size: 18px }
.tiles .marked { border-color: var(--red) }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 0 14px }
.scroll { overflow-x: auto }
.card { border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin: 7px 0; min-width: 0 }
.bad { color: var(--red) }
.good { color: var(--green) }
ol.readings { margin: 0; padding: 0; list-style: none; display: grid; gap: 8px }
ol.readings li { border-left: 4px solid var(--red); border-radius: 0 6px 6px 0 }
ol.readings li.hint { border-left-color: var(--orange) }
ol.readings p { margin: 0 }
p { margin: 6px 0 }
summary { cursor: pointer; padding: 6px 0; color: var(--muted) }
table { border-collapse: collapse; width: 100%; font-size: 13px }
.scroll table { min-width: 600px }
.scroll td:first-child { white-space: nowrap }
.bars caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.bars th, .vitals th, .routes tr th:first-child { color: var(--fg); font-weight: 400 }
.bars th, .bars td { border-top: 0 }
.bars th { width: 34% }
.bar svg { height: 12px; margin-top: 4px }
.bars .bar { width: 40%; min-width: 70px }
.bars .number { white-space: normal }
.recorded .bar { width: 60% }
.recorded th { width: 18% }
.recorded small { display: block }
.recorded .bar svg { height: 32px; margin: 0 }
.routes .bar { width: 24% }
.routes tr th:first-child { min-width: 140px }
.vitals .moved { font-weight: 600 }
.legend { list-style: none; margin: 8px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12px; color: var(--muted) }
.legend b { color: var(--fg) }
.legend li { overflow-wrap: anywhere }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px }
.chart { display: flex; gap: 6px; margin-top: 12px }
.chart svg { height: 120px; min-width: 0 }
.scale { position: relative; width: 34px; flex: none; font-size: 11px; color: var(--muted) }
.scale span { position: absolute; right: 0; transform: translateY(-50%) }
.axis { display: flex; justify-content: space-between; margin: 4px 0 0 40px; font-size: 11px; color: var(--muted) }
th { text-align: left; font-weight: 500; color: var(--muted) }
td, th { border-top: 1px solid var(--line); padding: 3px 10px 3px 0; vertical-align: top; overflow-wrap: anywhere }
tr:first-child th { border-top: 0 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.keep { white-space: nowrap }
svg { width: 100%; height: auto; display: block }
svg.timeline { min-width: 640px }
.phone { display: none }
svg text { font: 11px system-ui, "DejaVu Sans", sans-serif; fill: var(--muted) }
svg .name { fill: var(--fg); font-size: 12px }
svg .mitigation { fill: var(--green); font-weight: 600 }
svg .pause { fill: var(--red); font-weight: 600 }
footer { color: var(--muted); font-size: 12px; border-top: 1px solid var(--line); padding-top: 8px }
@media (max-width: 800px) {
  body { padding: 12px }
  .tiles { grid-template-columns: repeat(2, 1fr) }
  header { display: block }
  header div:last-child { text-align: left }
}
@media (max-width: 680px) {
  .wide { display: none }
  .phone { display: block }
  .recorded .bar { width: 44% }
  .recorded th { width: 28% }
}
@media print {
  body { padding: 0; max-width: none }
  .card, li, tr { break-inside: avoid }
  svg.timeline, .scroll table { min-width: 0 }
  .wide { display: block }
  .phone { display: none }
  .pair { grid-template-columns: 1fr 1fr }
  details::details-content { content-visibility: visible; display: block }
}
</style>`;
