"""The pages of a login: plain HTML in the town's languages and look, which work without JavaScript."""
