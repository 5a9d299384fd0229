// Serves the GitHub emulator on a free port of this machine: node emulate_server.mjs FOLDER SEED
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, seed] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(join(folder, "node_modules/emulate/dist/api.js")));

// It builds the links in its records from the port it was given, so it must be told one before it listens.
const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

for (let tries = 5; ; tries--) {
  const port = await freePort();
  try {
    await createEmulator({
      service: "github", port, hostname: "127.0.0.1", baseUrl: `http://127.0.0.1:${port}`, seed: JSON.parse(seed),
    });
    console.log(`port ${port}`);
    break;
  } catch (error) {
    if (error.code !== "EADDRINUSE" || tries === 0) throw error;
  }
}
