// The gateway's page in a headless Chromium, as a person uses it. Its argument is the page's address; prints
// "passed NAME" or "failed NAME: WHY".
const puppeteer = require("puppeteer-core");

const problems = [];

async function check(name, act) {
    try {
        await act();
        console.log(`passed page: ${name}`);
    } catch (error) {
        console.log(`failed page: ${name}: ${String(error.message).split("\n")[0]}`);
    }
}

function expect(got, wanted) {
    if (got !== wanted) throw new Error(`"${got}" instead of "${wanted}"`);
}

const read = (page, selector) => page.$eval(selector, (element) => element.textContent);

async function use(page, address) {
    page.setDefaultTimeout(10000);
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(address) && !url.startsWith("data:")) problems.push(`it asks elsewhere: ${url}`);
    });
    await check("it opens and knows the languages", async () => {
        await page.goto(address);
        await page.waitForSelector("#target option");
        expect(await read(page, "#source option:checked"), "English");
        expect(await read(page, "#target option:checked"), "German");
    });
    await check("it tells the status", async () => {
        await page.waitForFunction(() => document.querySelector("#health").textContent === "1 workers");
        await page.waitForFunction(() => document.querySelector("#models").textContent.includes("en-de"));
    });
    await check("a text that is typed is translated", async () => {
        await page.type("#text", "the cat sleeps.\ngood morning.");
        await page.click("#translate");
        await page.waitForFunction(() => document.querySelector("#translation").textContent !== "");
        expect(await read(page, "#translation"), "die Katze schläft.\nguten Morgen.");
    });
    await check("other translations are listed", async () => {
        expect(await page.$$eval("#alternatives li", (items) => items.length > 0 && items.every((item) => item.textContent)), true);
    });
    await check("a picture shows the attention", async () => {
        const shown = await page.$eval("#picture svg", (svg) => {
            const box = svg.getBoundingClientRect();
            return box.width > 100 && box.height > 100 && svg.querySelectorAll("rect").length > 10 &&
                [...svg.querySelectorAll("text")].some((text) => text.textContent.includes("cat"));
        });
        expect(shown, true);
    });
    await check("the status goes on", async () => {
        await page.waitForFunction(() => /translated[1-9]/.test(document.querySelector("#figures").textContent));
    });
    await check("a text that is too long is refused in words", async () => {
        await page.$eval("#text", (text) => { text.value = "a ".repeat(20000); });
        await page.click("#translate");
        await page.waitForFunction(() => document.querySelector("#note.wrong"));
        expect((await read(page, "#note")).includes("exceed the text limit"), true);
        problems.splice(0, problems.length, ...problems.filter((words) => !words.includes("400")));
    });
    await check("markup in a text stays text", async () => {
        await page.$eval("#text", (text) => { text.value = "<img src=x onerror=alert(1)>"; });
        await page.click("#translate");
        await page.waitForFunction(() => document.querySelector("#note").textContent === "");
        expect(await page.$$eval("#translation *", (inside) => inside.length), 0);
    });
    await check("the browser has nothing to complain of", async () => expect(problems.join("; "), ""));
}

async function main(address) {
    const browser = await puppeteer.launch({
        executablePath: process.env.CHROMIUM,
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
    try {
        await use(await browser.newPage(), address);
    } finally {
        await browser.close();
    }
}

main(process.argv[2]);
