"""SOAP for plug-ins: a WSDL with everything it imports, requests built from it, replies checked against it.

    documents = collect_from_folder(folder, "registry.wsdl")      what the WSDL consists of, closed
    description = Description(documents)                          services, ports, operations (zeep)
    operation = description.port().operation("GetPerson")
    schema = Schema(documents, description)                       the XSD check (libxml2)
    envelope = operation.request({"id": "1"})                     an element, ready to be sent
    body = read_envelope(hub.kit.xml.parse(content)).body         or its fault

zeep serves for the WSDL and the request only. Replies are never given to it: it is 10 times slower
than lxml and silently turns missing required elements into None.
"""
