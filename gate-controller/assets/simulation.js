// Crossings by hand, with simulated devices.
import { chooseLanguage } from "./page.js";

const find = (id) => document.getElementById(id);
const ORDERS = ["unplug", "plug", "fire on", "fire off", "obstacle entry", "obstacle exit", "walk entry", "walk exit", "nobody"];

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  find("fault").hidden = Boolean(answer?.ok);
}

find("turnstile").append(...ORDERS.map((order) => {
  const button = document.createElement("button");
  button.textContent = order; // the simulator's own command language
  button.dir = "ltr";
  button.addEventListener("click", () => post("/simulation/turnstile", { order }));
  return button;
}));
find("present").addEventListener("click", () => post("/simulation/present", { document: find("document").value, scene: find("scene").value }));
find("remove").addEventListener("click", () => post("/simulation/remove", {}));
find("scene").addEventListener("change", () => post("/simulation/scene", { scene: find("scene").value }));

await chooseLanguage(find("language"));
const lists = await fetch("/simulation").then((answer) => answer.json());
find("document").replaceChildren(...lists.documents.map((name) => new Option(name, name)));
find("scene").replaceChildren(...lists.scenes.map((name) => new Option(name, name)));
