// Serves oidc-provider on a free port of this machine, for clients without a user: node oidc_server.mjs FOLDER TTL
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, seconds] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(join(folder, "node_modules/oidc-provider/lib/index.js")));

// Its issuer is its own address, which is known once it listens.
const server = createServer().listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: "agentctl", client_secret: "s3cr3t-of-the-client", redirect_uris: [], response_types: [],
        grant_types: ["client_credentials"], scope: "records:read records:write",
      },
    ],
    scopes: ["records:read", "records:write"],
    ttl: { ClientCredentials: Number(seconds) },
    features: {
      clientCredentials: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true },
      devInteractions: { enabled: false },
    },
  });
  server.on("request", provider.callback());
  console.log(`port ${port}`);
});
