// node main.mjs ISSUER [PORT]: prints what the operator registers, and starts when that is done.

import { createInterface } from "node:readline/promises";
import { openService } from "./portal.mjs";

const [issuer, port = "3000"] = process.argv.slice(2);
const service = await openService({ port: Number(port) });
console.log(`Register this service with the operator of ${issuer}:\n${service.registration}`);
const keyboard = createInterface({ input: process.stdin, output: process.stdout });
await keyboard.question("Press Enter when that is done. ");
keyboard.close();
await service.connect(issuer);
console.log(`Open ${service.address}`);
