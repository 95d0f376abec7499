"use strict";

const get = (id) => document.getElementById(id);
let languages = [];

/* The JSON at PATH; an answer that is an error throws its words. */
async function ask(path, body) {
    const request = body && {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
    };
    const answer = await fetch(path, request || {});
    const json = await answer.json();
    if (!answer.ok) throw new Error(json.error || answer.statusText);
    return json;
}

/* --- Translation --- */

function fill(select, choices) {
    const before = select.value;
    select.replaceChildren(...choices.map(([code, name]) => new Option(name, code)));
    if (choices.some(([code]) => code === before)) select.value = before;
}

function nameOf(code) {
    const language = languages.find((one) => one.code === code);
    return language ? language.name : code;
}

function fillTargets() {
    const source = get("source").value;
    const targets = new Set();
    for (const language of languages)
        if (source === "auto" || language.code === source)
            for (const code of language.targets) if (code !== language.code) targets.add(code);
    fill(get("target"), [...targets].map((code) => [code, nameOf(code)]));
}

async function loadLanguages() {
    const now = await ask("languages");
    if (JSON.stringify(now) === JSON.stringify(languages)) return;
    languages = now;
    const sources = languages.filter((one) => one.targets.some((code) => code !== one.code));
    const choices = sources.map((one) => [one.code, one.name]);
    if (sources.length > 1) choices.unshift(["auto", "any language"]);
    fill(get("source"), choices);
    fillTargets();
}

function showPicture(svg) {
    const place = get("picture");
    place.replaceChildren();
    if (!svg) return;
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    if (drawn.localName === "svg") place.append(document.importNode(drawn, true));
}

function note(words, wrong) {
    get("note").textContent = words;
    get("note").className = wrong ? "wrong" : "";
}

async function translate() {
    note("…", false);
    get("translate").disabled = true;
    try {
        const answer = await ask("translate", {
            q: get("text").value,
            source: get("source").value,
            target: get("target").value,
            alternatives: 2,
            attention: get("attention").checked,
        });
        const guess = answer.detectedLanguage;
        get("translation").textContent = answer.translatedText;
        get("translation").lang = get("target").value;
        get("alternatives").replaceChildren(
            ...answer.alternatives.map((text) => {
                const item = document.createElement("li");
                item.textContent = text;
                return item;
            }),
        );
        showPicture(answer.attention);
        note(guess ? `from ${nameOf(guess.language)}` : "", false);
    } catch (error) {
        note(error.message, true);
    }
    get("translate").disabled = false;
}

/* --- Status --- */

function row(cells) {
    const line = document.createElement("tr");
    for (const cell of cells) {
        const place = document.createElement("td");
        place.textContent = String(cell);
        if (typeof cell === "number") place.className = "number";
        line.append(place);
    }
    return line;
}

function showStatus(state) {
    const workers = state.workers.length;
    get("health").textContent = workers ? `${workers} workers` : "the broker has no worker";
    get("figures").replaceChildren(
        row(["up", `${Math.round(state.up_ms / 1000)} s`]),
        row(["waiting", state.waiting]),
        row(["worked on", state.working]),
        row(["translated", state.translated]),
        row(["refused", state.refused]),
        row(["median time", `${state.milliseconds.p50} ms`]),
        row(["99 of 100 within", `${state.milliseconds.p99} ms`]),
    );
    get("models").replaceChildren(
        row(["model", "workers", "waiting"]),
        ...state.models.map((model) => row([model.name, model.workers, model.waiting])),
    );
}

async function follow() {
    try {
        showStatus(await ask("status"));
        await loadLanguages();
    } catch (error) {
        get("health").textContent = error.message;
    }
    setTimeout(follow, 2000);
}

get("source").addEventListener("change", fillTargets);
get("form").addEventListener("submit", (event) => {
    event.preventDefault();
    translate();
});
follow();
