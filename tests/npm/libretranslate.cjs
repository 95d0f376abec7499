// The npm package "libretranslate" against a gateway: its arguments are the gateway's address, source, target and texts.
// Prints each text's translation, a line each; what the package throws, behind "error: ".
const { translate } = require("libretranslate");

async function main([apiurl, source, target, ...texts]) {
    for (const query of texts) {
        try {
            console.log(await translate({ query, source, target, apiurl }));
        } catch (error) {
            console.log("error: " + error.message);
        }
    }
}

main(process.argv.slice(2));
