// Texts, languages and live views: shared by all pages.

export const page = { texts: {}, language: "en", languages: [] };

/// Loads a language and puts its texts into the page; `default` is the gate's own.
export async function speak(language) {
  const answer = await fetch(`/screens/texts/${encodeURIComponent(language)}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`texts: ${answer.status}`);
  const { texts, languages, direction, language: actual } = await answer.json();
  Object.assign(page, { texts, languages, language: actual });
  document.documentElement.lang = actual;
  document.documentElement.dir = direction;
  dress(document);
}

/// The text of a message, or nothing: a reason without a text is shown by its code, and that by the caller.
export const text = (id) => page.texts[id] ?? "";

export function dress(root) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text(element.dataset.label));
}

/// Fills the list of languages and remembers an officer's choice on this station.
export async function chooseLanguage(select, redraw = () => {}) {
  let known = "default";
  try { known = localStorage.getItem("language") ?? "default"; } catch { /* storage may be forbidden */ }
  await speak(known).catch(() => speak("default"));
  select.replaceChildren(...page.languages.map(([code, name]) => {
    const option = new Option(name, code, false, code === page.language);
    option.lang = code;
    return option;
  }));
  select.addEventListener("change", async () => {
    try { localStorage.setItem("language", select.value); } catch { /* only this time, then */ }
    await speak(select.value);
    redraw();
  });
  // Chosen in another window or frame of this station.
  addEventListener("storage", async ({ key, newValue }) => {
    if (key !== "language" || !newValue || newValue === page.language) return;
    await speak(newValue);
    select.value = newValue;
    redraw();
  });
}

/// Follows a live view. `lost` is called when nothing was heard for three seconds; it goes on trying.
export function follow(address, seen, lost) {
  let source, heard = Date.now(), isLost = false;
  const hear = () => { heard = Date.now(); };
  const open = () => {
    source?.close();
    source = new EventSource(address);
    source.addEventListener("view", (event) => { hear(); isLost = false; seen(JSON.parse(event.data)); });
    source.addEventListener("beat", hear);
  };
  open();
  setInterval(() => {
    const silent = Date.now() - heard;
    if (silent > 3000 && !isLost) { isLost = true; lost(); }
    // A closed source never comes back by itself, and a silent one may hang: begin anew every two seconds.
    if (isLost && (silent % 2000 < 500 || source.readyState === EventSource.CLOSED)) open();
  }, 500);
}
