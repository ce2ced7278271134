// Crossings by hand, with simulated devices.
import { chooseLanguage, text } from "./page.js";

const find = (id) => document.getElementById(id);
const noFinger = new Option("", "");

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  find("fault").hidden = Boolean(answer?.ok);
}

for (const button of document.querySelectorAll("[data-order]")) {
  button.addEventListener("click", () => post("/simulation/turnstile", { order: button.dataset.order }));
}
find("present").addEventListener("click", () => post("/simulation/present", { document: find("document").value, scene: find("scene").value, finger: find("finger").value || null }));
find("remove").addEventListener("click", () => post("/simulation/remove", {}));
find("finger").addEventListener("change", () => post("/simulation/finger", { finger: find("finger").value || null }));
find("scene").addEventListener("change", () => post("/simulation/scene", { scene: find("scene").value }));

await chooseLanguage(find("language"), () => { noFinger.textContent = text("simulation-no-finger"); });
const lists = await fetch("/simulation").then((answer) => answer.json());
// What a first crossing should be: a genuine passport and its holder.
for (const [list, names, first] of [["document", lists.documents, "passport"], ["scene", lists.scenes, "traveler"]]) {
  find(list).replaceChildren(...names.map((name) => new Option(name, name, name === first, name === first)));
}
// At first no finger lies there; a gate without a sensor has no list.
noFinger.textContent = text("simulation-no-finger");
find("finger").replaceChildren(noFinger, ...lists.fingers.map((name) => new Option(name, name)));
find("finger-label").hidden = lists.fingers.length === 0;
