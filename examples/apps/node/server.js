// The web server of the post "Simple leader election with Kubernetes and Docker", which says who the master
// is. That one kept the last answer when its sidecar was gone, and so named a master for ever.
//
// node server.js [URL OF THE SIDECAR] [PORT]
import { createServer } from 'node:http';
import { Client } from '../../../clients/node/src/index.js'; // '@hotseat/client' once it is installed

const [url = 'http://localhost:4040', port = '8080'] = process.argv.slice(2);

const client = new Client({
  url,
  onElected: (token) => console.log(`leads with the token ${token}`),
  onDraining: (token, left) => console.log(`finishes within ${Math.round(left)} ms`),
  onLost: (token) => console.log(`has let go of ${token}`),
}).start();

const www = createServer((request, response) => {
  const master = client.leader();
  response.writeHead(master ? 200 : 503);
  response.end(master ? `Master is ${master}` : 'Nobody is master');
});
www.listen(Number(port), () => console.log(`listens on ${www.address().port}`));

setInterval(async () => {
  try {
    await client.signal('app.heartbeat', true, 3000);
  } catch (error) {
    console.error(`no heartbeat: ${error.message}`);
  }
}, 500);

process.on('SIGTERM', async () => {
  await client.close();
  process.exit(0);
});
