/**
 * A publisher as a process of its own, so that it can be killed: its orders are the only argument, its operations lines of
 * JSON on stdout. A line is with the kernel before the publish it announces begins. SIGTERM ends it in order.
 */
import { Publisher, type PublisherOrders } from "./publisher.ts";

const orders = JSON.parse(process.argv[2] ?? "{}") as PublisherOrders;
const publisher = new Publisher(orders, (operation) => console.log(JSON.stringify(operation)));
process.once("SIGTERM", () => void publisher.stop());
publisher.start();
console.log(JSON.stringify({ msg: "publisher ready" }));
