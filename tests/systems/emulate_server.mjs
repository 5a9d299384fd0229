// Serves the GitHub emulator on a free port of this machine: node emulate_server.mjs FOLDER URL SEED
// The links in its records begin with URL.
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, url, seed] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(join(folder, "node_modules/emulate/dist/api.js")));

// It does not say on which port it came to listen where it was given none, so it is told one.
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
      service: "github", port, hostname: "127.0.0.1", baseUrl: url, seed: JSON.parse(seed),
    });
    console.log(`port ${port}`);
    break;
  } catch (error) {
    if (error.code !== "EADDRINUSE" || tries === 0) throw error;
  }
}
