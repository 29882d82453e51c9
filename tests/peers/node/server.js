// A service by node's `soap`, whose own parser reads our MTOM and whose xml-crypto signs what we read.
// node server.js FOLDER: prints its port once it listens. Keys lie in FOLDER.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require('soap');
const { SignedXml } = require('xml-crypto');
const { parseMTOMResp } = require('soap/lib/utils');

const folder = process.argv[2];
const file = (name) => fs.readFileSync(path.join(folder, name), 'utf-8');
const digest = { digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256' };
const signer = new soap.WSSecurityCert(file('registry.key'), file('registry.pem'), '', {
  hasTimeStamp: true,
  signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  ...digest,
});

const service = {
  Files: {
    FilesSoap: {
      AddFile(file_) {
        if (file_.Name === 'nobody') {
          throw { Fault: { faultcode: 'soap:Client', faultstring: 'no name', detail: { code: 'F-1' } } };
        }
        return { Number: Buffer.from(String(file_.Content || ''), 'base64').length };
      },
      GetFile: (asked) => ({ Content: [Buffer.alloc(Number(asked.Number), 'x').toString('base64')] }),
      ForgetFile: () => undefined,
    },
  },
};

// Our signature by xml-crypto, with our certificate and not with the one that comes along.
function verified(xml) {
  const signature = new SignedXml({ publicCert: file('hub.pem'), idMode: 'wssecurity' });
  const found = /<ds:Signature [\s\S]*<\/ds:Signature>/.exec(xml);
  signature.loadSignature(found[0]);
  return signature.checkSignature(xml) ? signature.getSignedReferences().length : 0;
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const reply = (text) => {
      response.setHeader('content-type', 'text/xml; charset=utf-8');
      response.end(text);
    };
    const added = (number) =>
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header></s:Header><s:Body>` +
      `<AddFileResponse xmlns="urn:example:files:1"><Number>${number}</Number></AddFileResponse></s:Body></s:Envelope>`;
    if (request.url === '/mtom') {
      const boundary = /boundary="([^"]+)"/.exec(request.headers['content-type'])[1];
      parseMTOMResp(body, boundary, (error, message) => {
        reply(added(error ? -1 : message.parts[1].body.length));
      });
    } else if (request.url === '/signed') {
      const count = verified(body.toString('utf-8'));
      reply(signer.postProcess(added(count), 's'));
    }
  });
});
soap.listen(server, { path: '/files', services: service, xml: file('files.wsdl') });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
