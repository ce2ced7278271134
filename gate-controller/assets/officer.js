// The officer station: sees the gates live, decides referrals, gives orders.
import { chooseLanguage, dress, follow, page, text } from "./page.js";

const find = (id) => document.getElementById(id);
const QUICK = ["quick-same-person", "quick-document-in-order", "quick-accompanied", "quick-other-person", "quick-document-in-doubt"];
const LEAF = { closed: "M16 60V12h32v48z", open: "M16 60V12l12 8v44z", moving: "M16 60V12l22 4v48zM50 36h10M55 31l5 5-5 5",
  obstructed: "M16 60V12h32v48zM20 24l24 24M44 24L20 48", unknown: "M26 26c0-10 14-10 14 0 0 7-7 6-7 14M33 50v1" };
const COLONS = { fr: "\u00a0: ", zh: "：", ja: "：" };
const named = (name, value) => `${name}${COLONS[page.language] ?? ": "}${value}`;
const kebab = (code) => code.replaceAll("_", "-");
let session, view, shown = null; // shown: the crossing whose images are on the screen

const clock = (time) => new Intl.DateTimeFormat(page.language, { timeStyle: "medium" }).format(new Date(time));
const number = (value, digits = 0) => new Intl.NumberFormat(page.language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
const seconds = (ms) => new Intl.NumberFormat(page.language, { style: "unit", unit: "second", maximumFractionDigits: ms < 10000 ? 1 : 0 }).format(Math.max(0, ms) / 1000);
let silence;
function say(message, refused = false) {
  clearTimeout(silence);
  if (message && !refused) silence = setTimeout(say, 5000, "");
  find("message").textContent = message;
  find("message").hidden = !message;
  find("message").className = `${refused ? "alert" : "message"} banner`;
}

async function order(path, body) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-sallyport-token": session.token } }).catch(() => null);
  if (answer?.status === 401) { location.assign("/officer?login=expired"); return false; }
  if (answer?.ok) { say(answer.status === 204 && path !== "/officer/alive" ? text("order-done") : ""); return true; }
  const { refused, reason } = (await answer?.json().catch(() => null)) ?? { refused: "no_answer" };
  const known = { forbidden: "order-forbidden", note_missing: "decision-note-missing" }[refused] ?? `refused-${kebab(refused)}`;
  say(`${text(known)} ${reason ? text(`reason-${reason}-officer`) || reason : ""}`, true);
  return false;
}

function reasonItem(code) {
  const item = document.createElement("li");
  const what = document.createElement("b"), mark = document.createElement("code"), remedy = document.createElement("p");
  what.textContent = text(`reason-${code}-officer`);
  mark.textContent = code;
  remedy.textContent = text(`reason-${code}-remedy`);
  item.append(what, " ", mark, remedy);
  return item;
}

function drawGate(gate) {
  let card = find("gates").querySelector(`[data-gate="${gate.gate}"]`);
  if (!card) {
    card = find("gate-card").content.firstElementChild.cloneNode(true);
    card.dataset.gate = gate.gate;
    card.querySelector(".gate-name").textContent = gate.gate;
    for (const button of card.querySelectorAll("button")) button.addEventListener("click", () => ask(button));
    find("gates").prepend(card);
  }
  dress(card);
  // An officer may have taken the gate into service while a fault keeps it from serving.
  const faulty = gate.mode === "in_service" && !gate.serves;
  card.dataset.mode = faulty ? "faulty" : gate.mode;
  card.querySelector(".mode").textContent = faulty ? text("traveler-out-of-service") : text(`mode-${kebab(gate.mode)}`);
  card.querySelector(".stage").hidden = !gate.stage && !gate.serves;
  card.querySelector(".stage b").textContent = text(`stage-${kebab(gate.stage ?? "idle")}`);
  card.querySelector(".stage span").textContent = `${text("officer-since")} ${clock(gate.since)}`;
  for (const door of ["entry", "exit"]) {
    const element = card.querySelector(`.door.${door}`);
    element.dataset.state = gate[door];
    element.querySelector(".leaf").setAttribute("d", LEAF[gate[door]]);
    element.querySelector("span").textContent = named(text(`door-${door}`), text(`door-${gate[door]}`));
  }
  const troubles = card.querySelector(".troubles");
  troubles.replaceChildren(...gate.troubles.map(reasonItem));
  if (!gate.troubles.length) { const calm = document.createElement("li"); calm.className = "calm"; calm.textContent = text("troubles-none"); troubles.append(calm); }
  card.querySelector(".link").textContent = `${named(text("link-label"), text(`link-${gate.link}`))} · ${named(text("records-waiting"), number(gate.records_waiting))}`;
  for (const button of card.querySelectorAll("[data-mode]")) button.disabled = button.dataset.mode === gate.mode || session.role !== "officer";
  for (const button of card.querySelectorAll("[data-door]")) button.disabled = session.role !== "officer";
}

function ask(button) {
  find("confirm-what").textContent = button.textContent;
  const { door, mode } = button.dataset;
  find("confirm-note-line").hidden = !door;
  find("confirm-note").required = Boolean(door);
  find("confirm-note").value = "";
  const dialog = find("confirm");
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    if (door) order("/officer/door", { door, note: find("confirm-note").value });
    else order("/officer/mode", { mode });
  };
  dialog.showModal();
}

function drawReferral(referral) {
  find("referral").hidden = !referral;
  find("no-referral").hidden = Boolean(referral);
  document.body.classList.toggle("waiting", Boolean(referral));
  document.title = referral ? `(!) ${text("referral-title")}` : "Sallyport";
  if (!referral) { drop(); return; }
  for (const which of ["reference", "probe"]) picture(which, referral);
  if (shown !== referral.crossing) { shown = referral.crossing; find("note").value = ""; find("note-missing").hidden = true; }
  find("referral-reasons").replaceChildren(...referral.reasons.map(reasonItem));
  drawScale(referral.measurement);
  const { facts } = referral;
  const rows = [["fact-token", text(`token-${kebab(facts.token)}`)], ["fact-document-type", facts.document_type], ["fact-issuer", facts.issuer],
    ["fact-age", facts.age_years === null ? null : number(facts.age_years)], ["fact-expiry", facts.expiry], ["fact-detail", facts.detail]];
  find("facts").replaceChildren(...rows.filter(([, value]) => value).flatMap(([id, value]) => {
    const term = document.createElement("dt"), detail = document.createElement("dd");
    term.textContent = text(id);
    detail.textContent = value;
    detail.dir = "auto";
    return [term, detail];
  }));
  find("quick").replaceChildren(...QUICK.map((id, index) => {
    const button = document.createElement("button"), key = document.createElement("kbd");
    button.type = "button";
    key.textContent = String(index + 1);
    button.append(key, " ", text(id));
    button.addEventListener("click", () => pick(index));
    return button;
  }));
  for (const id of ["accept", "refuse"]) find(id).disabled = session.role !== "officer";
  times();
}

function picture(which, referral) {
  const image = find(which), has = referral[`has_${which}`];
  image.hidden = !has;
  const address = `/officer/image/${referral.crossing}/${which}`;
  if (has && image.getAttribute("src") !== address) image.src = address;
  if (!has) image.removeAttribute("src");
  image.alt = text(`referral-${which}`);
}

function drop() {
  shown = null;
  for (const which of ["reference", "probe"]) { find(which).removeAttribute("src"); find(which).hidden = true; }
  find("note").value = "";
}

function drawScale(measurement) {
  find("scale").hidden = !measurement;
  if (!measurement) return;
  const x = (value) => Math.round(Math.min(1, Math.max(0, value)) * 400);
  find("bar").setAttribute("width", x(measurement.score));
  find("bar").setAttribute("class", measurement.score < measurement.threshold ? "below" : "above");
  find("mark").setAttribute("d", `M${x(measurement.threshold)} 4v32`);
  find("score").textContent = number(measurement.score, 3);
  find("threshold").textContent = number(measurement.threshold, 3);
}

function times() {
  if (!view?.referral) return;
  find("waited").textContent = seconds(Math.floor((Date.now() - Date.parse(view.referral.waiting_since)) / 1000) * 1000);
  const before = view.referral.decide_before;
  find("left-line").hidden = !before;
  if (before) find("left").textContent = seconds(Math.ceil((Date.parse(before) - Date.now()) / 1000) * 1000);
}

const pick = (index) => { find("note").value = text(QUICK[index]); find("note-missing").hidden = true; };

async function decide(choice) {
  const note = find("note").value.trim(), crossing = view?.referral?.crossing;
  if (!crossing) return;
  find("note-missing").hidden = Boolean(note);
  if (!note) { find("note").focus(); return; }
  await order("/officer/decide", { crossing, choice, note });
}

function drawRecent(recent) {
  find("no-recent").hidden = recent.length > 0;
  find("recent-table").hidden = !recent.length;
  find("recent").replaceChildren(...recent.map((crossing) => {
    const row = document.createElement("tr");
    row.dataset.outcome = crossing.outcome;
    const reasons = crossing.reasons.map((code) => text(`reason-${code}-officer`) || code).join(" · ");
    for (const value of [clock(crossing.time), text(`outcome-${kebab(crossing.outcome)}`), reasons, seconds(crossing.duration_ms)]) row.insertCell().textContent = value;
    return row;
  }));
}

function draw() {
  if (!view) return;
  drawGate(view);
  drawReferral(view.referral);
  drawRecent(view.recent);
}

find("accept").addEventListener("click", () => decide("accept"));
find("refuse").addEventListener("click", () => decide("refuse"));
find("decision").addEventListener("submit", (event) => event.preventDefault());
find("log-out").addEventListener("click", async () => { await order("/officer/logout", {}); location.assign("/officer"); });
addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey || find("confirm").open || !view?.referral) return;
  const key = event.key.toLowerCase();
  if (/^[1-5]$/.test(key)) pick(Number(key) - 1);
  else if (key === "a") decide("accept");
  else if (key === "r") decide("refuse");
  else return;
  event.preventDefault();
});

let stirred = 0;
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => {
  if (Date.now() - stirred > 60000) { stirred = Date.now(); order("/officer/alive", {}); }
});

const answer = await fetch("/officer/session");
if (!answer.ok) location.assign("/officer?login=expired");
session = await answer.json();
find("name").textContent = session.name;
find("others").hidden = !Object.keys(session.others).length;
find("others").querySelector("ul").append(...Object.entries(session.others).map(([gate, address]) => {
  const item = document.createElement("li"), link = document.createElement("a");
  link.href = `${address}/officer`;
  link.textContent = gate;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  item.append(link);
  return item;
}));
await chooseLanguage(find("language"), draw);
follow("/officer/events", (next) => { find("lost").hidden = true; view = next; draw(); }, async () => {
  find("lost").hidden = false;
  // Images must not outlive the line that would tell of their end.
  if (view) { view.referral = null; draw(); }
  const still = await fetch("/officer/session").catch(() => null);
  if (still?.status === 401) location.assign("/officer?login=expired");
});
setInterval(times, 1000);
