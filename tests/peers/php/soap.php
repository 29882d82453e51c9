<?php
// A service by PHP's own SoapServer: /dogs (document/literal, a header), /files (signatures), /list (rpc/encoded).
// WSDLs and keys lie in PEER_FOLDER. What PHP has no words for (WS-Security) is done with its DOM and OpenSSL.

ini_set('soap.wsdl_cache_enabled', '0');
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const ENV = 'http://schemas.xmlsoap.org/soap/envelope/';
const EXC = 'http://www.w3.org/2001/10/xml-exc-c14n#';
$folder = getenv('PEER_FOLDER');

function stopped(string $why): never { throw new SoapFault('Client.' . $why, $why); }

function security(DOMDocument $message): DOMXPath {
    $path = new DOMXPath($message);
    foreach (['wsse' => WSSE, 'wsu' => WSU, 'ds' => DS, 's' => ENV] as $prefix => $uri) $path->registerNamespace($prefix, $uri);
    return $path;
}

function check_token(DOMXPath $path): void {
    $token = $path->query('//wsse:UsernameToken')->item(0);
    if ($token === null) return;
    $text = fn(string $name) => $path->evaluate("string(*[local-name()='$name'])", $token);
    $expected = base64_encode(sha1(base64_decode($text('Nonce')) . $text('Created') . 'pas-Mater-4711', true));
    if ($text('Username') !== 'munihub' || !hash_equals($expected, $text('Password'))) {
        throw new SoapFault([WSSE, 'FailedAuthentication'], 'wrong');
    }
}

function check_signature(DOMXPath $path, string $certificate): int {
    $signature = $path->query('//ds:Signature')->item(0);
    if ($signature === null) return 0;
    $references = $path->query('ds:SignedInfo/ds:Reference', $signature);
    foreach ($references as $reference) {
        $id = substr($reference->getAttribute('URI'), 1);
        $element = $path->query("//*[@wsu:Id='$id']")->item(0);
        $digest = base64_encode(hash('sha256', $element->C14N(true), true));
        if ($digest !== $path->evaluate('string(ds:DigestValue)', $reference)) stopped('Digest');
    }
    $info = $path->query('ds:SignedInfo', $signature)->item(0)->C14N(true);
    $value = base64_decode($path->evaluate('string(ds:SignatureValue)', $signature));
    if (openssl_verify($info, $value, openssl_pkey_get_public($certificate), OPENSSL_ALGO_SHA256) !== 1) stopped('Signature');
    return $references->length;
}

function sign(string $reply, string $key): string {
    $message = new DOMDocument();
    $message->loadXML($reply);
    $path = security($message);
    $body = $path->query('/s:Envelope/s:Body')->item(0);
    $body->setAttributeNS(WSU, 'wsu:Id', 'body-1');
    $header = $path->query('/s:Envelope/s:Header')->item(0)
        ?? $body->parentNode->insertBefore($message->createElementNS(ENV, 'Header'), $body);
    $now = time();
    $stamp = '<wsu:Timestamp xmlns:wsu="' . WSU . '" wsu:Id="ts-1"><wsu:Created>' . gmdate('Y-m-d\TH:i:s\Z', $now)
        . '</wsu:Created><wsu:Expires>' . gmdate('Y-m-d\TH:i:s\Z', $now + 300) . '</wsu:Expires></wsu:Timestamp>';
    $fragment = $message->createDocumentFragment();
    $fragment->appendXML('<wsse:Security xmlns:wsse="' . WSSE . '">' . $stamp . '</wsse:Security>');
    $block = $header->appendChild($fragment->firstChild);
    $references = '';
    foreach (['ts-1' => $block->firstChild, 'body-1' => $body] as $id => $element) {
        $references .= "<ds:Reference URI=\"#$id\"><ds:Transforms><ds:Transform Algorithm=\"" . EXC . '"/></ds:Transforms>'
            . '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>'
            . base64_encode(hash('sha256', $element->C14N(true), true)) . '</ds:DigestValue></ds:Reference>';
    }
    $fragment = $message->createDocumentFragment();
    $fragment->appendXML('<ds:Signature xmlns:ds="' . DS . '"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="' . EXC
        . '"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>' . $references
        . '</ds:SignedInfo><ds:SignatureValue/></ds:Signature>');
    $signature = $block->appendChild($fragment->firstChild);
    openssl_sign($signature->firstChild->C14N(true), $value, $key, OPENSSL_ALGO_SHA256);
    $signature->lastChild->nodeValue = base64_encode($value);
    return $message->saveXML();
}

class Dogs {
    private string $key = '';
    public function Session($session) { $this->key = $session->Key; }
    public function Ping($text) { return $text; }
    public function FindDogs($asked) {
        if ($asked->Owner === '00000000000') throw new SoapFault('Client.NoSuchOwner', 'Nema', null, ['code' => 'D-404']);
        return ['Dogs' => ['Dog' => [
            ['Tag' => 'T-1', 'Name' => 'Žućo', 'Fee' => '15.50', 'sex' => 'm'],
            ['Tag' => $this->key, 'Name' => null, 'Fee' => '20.00'],
        ]], 'Total' => 2];
    }
}

class Files {
    public function AddFile($file) { return ['Number' => strlen($file->Content ?? '')]; }
    public function GetFile($asked) { return ['Content' => [str_repeat('x', $asked->Number)]]; }
    public function ForgetFile($asked) { }
}

class Listing {
    // The town comes back as a tag: every value is shared, so that PHP writes it once and points to it.
    public function List(string $town, array $dogs) {
        $same = new SoapVar(['Tag' => $town, 'Fee' => count($dogs)], SOAP_ENC_OBJECT, 'Dog', 'urn:rpc');
        return [$same, $same, ...array_map(fn($dog) => new SoapVar((array) $dog, SOAP_ENC_OBJECT, 'Dog', 'urn:rpc'), $dogs)];
    }
}

$name = trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
$raw = file_get_contents('php://input');
$server = new SoapServer("$folder/$name.wsdl");
$server->setClass(['dogs' => Dogs::class, 'files' => Files::class, 'list' => Listing::class][$name]);
ob_start();
try {
    $message = new DOMDocument();
    $message->loadXML($raw);
    $path = security($message);
    check_token($path);
    $signed = check_signature($path, file_get_contents("$folder/hub.pem"));
    foreach ($path->query('//wsse:Security') as $block) $block->parentNode->removeChild($block);
    $server->handle($message->saveXML());
} catch (SoapFault $fault) {
    $server->fault($fault->faultcodens ? "{$fault->faultcodens}:{$fault->faultcode}" : $fault->faultcode, $fault->getMessage());
} finally {
    $reply = ob_get_clean();
    header('Content-Length: ' . strlen($reply = !empty($signed) ? sign($reply, file_get_contents("$folder/registry.key")) : $reply));
    echo $reply;
}
