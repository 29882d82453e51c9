"""SOAP for plug-ins: a WSDL with everything it imports, requests built from it, replies checked against it.

    documents = collect_from_folder(folder, "registry.wsdl")      what the WSDL consists of, closed
    contract = load_contract(documents)                           the port to call, the schema of its messages
    operation = contract.port.operation("GetPerson")
    envelope = operation.request({"id": "1"}, {})                 an element, ready to be secured and sent
    body = read_reply(reply, max_bytes=limit)                     the child of its Body, or its Fault
    check_body(body, operation.reply, contract.schema, size=…)

zeep serves for the WSDL and the request only. Replies are never given to it: it takes several times as
long as lxml and silently turns missing required elements into None.
"""
