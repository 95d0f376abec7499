// The npm package "zeromq" as the simplest client: a REQ socket that sends a sentence gets its translation. Its arguments
// are the broker's endpoint and sentences; prints each translation, a line each.
const { Request } = require("zeromq");

async function main([endpoint, ...sentences]) {
    const socket = new Request({ linger: 0 });
    socket.connect(endpoint);
    for (const sentence of sentences) {
        await socket.send(sentence);
        const [answer] = await socket.receive();
        if (answer.length > 0 && answer[0] === 0) throw new Error("refused: " + answer.subarray(1));
        console.log(answer.toString());
    }
    socket.close();
}

main(process.argv.slice(2));
