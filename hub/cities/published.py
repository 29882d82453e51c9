"""Secrets that are published with this project, by what `hub.cities.live.fingerprint` makes of their values.

The hub does not know its simulators, but it knows what must never protect a real town: their passwords and private keys
(simulators/secrets.yaml, simulators/keys). A test compares, and prints what is missing here.
"""

from __future__ import annotations

PUBLISHED = frozenset({
    "b1745191a2697c6bfaee730e6e7f71968432a8d0cf98d5da42ea00c86448fafa",  # pregrada-financije
    "335ffcc548364273aed68dead43caf1602e92181d8896f480636f1bfaf11b2ed",  # pregrada-financije-push
    "15f090e9180d24d044b62ab3c26f39fb65883e5eca001af7c3c3683657e3cc25",  # pregrada-urudzbeni
    "f222f53efed5fe22800d871d79da11b6cf86eb819fadcfd15212aa1574800c3a",  # vzorov-ucetnictvi
    "fe7d2500f9ede5187fb540de9d425b25ac5e4ddd91e9b51350006c18534a3a51",  # vzorov-ucetnictvi-push
    "5abbd5aaaf5361e861c7d56e7389c937302191b4ee0373689e26269eb80c9347",  # vzorov-registr
    "2112d76d1958928e3419bd49dad81a21307daf77ac1844fcaba4518c8e74df9a",  # vzorov-podatelna
    "fedb2819b9b5d6924082a8b74442d46f07f7e739414b8ce566a9dd0dfb144ca9",  # eid-oidc
    "ebd8152a811ad50bb4c27adeb896ed86452da4154f4a19e603a2bb6afe23f012",  # eid-id-gov-ua
    "ad0b323449c23b581dc2a394231ee42152143d5890da96d4e2d210c84b912284",  # pregrada-nias-key
    "30c823777a1d311265247daaefe378fb841ada7eee0fb62342c00e75441ed09e",  # vzorov-nia-key
    "4014d1c11354769244aa1017c606f9ad38a26249b7133998a3c66e40142f2e79",  # eidas.key
    "a69a6d6a7a52b19a4da3ea63e38622c66ee5bdd2c6b9056004f368def7645815",  # next.key
    "7e267436f5fb7dc0946f955c77f25612cb527b64a7ba4aca1738d68dcee0660f",  # nia.key
    "f999355625f4e991c160f9159ab72d5c5e7f5217130e270f46bfbfc349a78e51",  # nias.key
    "cd064121841f07886c3f741559f1398731953e52be60160a4986428af87a681c",  # oidc.key
    "3f8a41ffc22e4080e798b7a356e2917a34e960559a73beb5a0f5aec005ab02bd",  # stranger.key
    "58d4a123cf184447621224071613d28418371300e7955ebf63c7e3d6c3ce94a3",  # vzorov-csob-key
    "32890470deff875efe5b2f8e41a73ccafb2379d3117da7c69aed86265e014d25",  # csob.key
    "cb63745871eb0ea33d91b2ff79af3e14aa8a26779efcaaea74dc30532da62c40",  # pregrada-monri
    "e0462ff5a8a8283fa74f0cdb19a6307d1942bbba27371e18d0520d8ed33c8ad1",  # netopia-api
    "092bc2a1b3710c1a07244b1dc1f84d214ce694c8d72ff74b1021155c547aeb6f",  # netopia-pos-key
    "b2cd8e9e07d6e95b4e4c4fa4802445f89b09b081411fd362fe345e0ad32b0ef5",  # netopia.key
    "f10dd0f33818302fd57801547dad172c1b6e0228e2230212508ecd3979270288",  # pregrada-sandbox
    "de6d26399c44a331cd2937d869761d7fe7cc6ae13c677a974147d7f73f123e7b",  # vzorov-sandbox
})  # fmt: skip
