// Verifies a request as a partner does, with the official library of Standard Webhooks.
// stdin: {"body": base64, "headers": {name: value}, "secrets": [whsec_…]}; stdout: [null or the name of the error, one per secret].
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { body, headers, secrets } = JSON.parse(readFileSync(0, "utf8"));
const content = Buffer.from(body, "base64").toString("utf8");

function verdict(secret) {
  try {
    new Webhook(secret).verify(content, headers);
    return null;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

console.log(JSON.stringify(secrets.map(verdict)));
