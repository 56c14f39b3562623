// SPDX-License-Identifier: Apache-2.0
// The same joining of two connections of one path on npm's ws: what a relay that is written in an afternoon costs.
// node relay_peer.js CERT KEY
const fs = require('fs');
const https = require('https');
const { WebSocketServer } = require('ws');

const HIGH_WATER = 1 << 20;
const [cert, key] = process.argv.slice(2);
const server = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 1 << 20 });
const waiting = new Map();

function join(socket, path) {
    const other = waiting.get(path);
    if (!other) {
        waiting.set(path, socket);
        return;
    }
    waiting.delete(path);
    socket.other = other;
    other.other = socket;
}

function waitFor(socket, other) {
    socket.pause();
    const timer = setInterval(() => {
        if (other.bufferedAmount < HIGH_WATER / 2) {
            clearInterval(timer);
            socket.resume();
        }
    }, 2);
}

sockets.on('connection', (socket, request) => {
    socket._socket.setNoDelay(true);
    join(socket, request.url);
    socket.on('message', (data, isBinary) => {
        const other = socket.other;
        if (!other || other.readyState !== 1) return;
        other.send(data, { binary: isBinary });
        if (other.bufferedAmount > HIGH_WATER && !socket.isPaused) waitFor(socket, other);
    });
    socket.on('close', () => {
        if (waiting.get(request.url) === socket) waiting.delete(request.url);
        if (socket.other) {
            socket.other.other = null;
            socket.other.close();
        }
    });
    socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 4096, () => {
    console.log(JSON.stringify({ event: 'ready', public: `https://127.0.0.1:${server.address().port}` }));
});
