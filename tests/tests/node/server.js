// The program of the post "Simple leader election with Kubernetes and Docker" on the Kubernetes blog
// (2016, Apache-2.0 as the repository that it is from, kubernetes/contrib).
var http = require('http');
// This will hold info about the current master
var master = {};

// The web handler for our nodejs application
var handleRequest = function(request, response) {
  response.writeHead(200);
  response.end("Master is " + master.name);
};

// A callback that is used for our outgoing client requests to the sidecar
var cb = function(response) {
  var data = '';
  response.on('data', function(piece) { data = data + piece; });
  response.on('end', function() { master = JSON.parse(data); });
};

// Make an async request to the sidecar at http://localhost:4040
var updateMaster = function() {
  var req = http.get({host: 'localhost', path: '/', port: 4040}, cb);
  req.on('error', function(e) { console.log('problem with request: ' + e.message); });
  req.end();
};

// Set up regular updates
updateMaster();
setInterval(updateMaster, 5000);

// set up the web server
var www = http.createServer(handleRequest);
www.listen(8080);
