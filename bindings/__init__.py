"""Made by `make bindings` from the contract of the SOAP push door (pyxb); not edited by hand."""

XSD_SHA256 = "a1e50a94e82d4b6e924c4d83fc82554d8350729781f301a4c8743c3895434cbb"
