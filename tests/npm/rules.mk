# Clients from npm, and the gateway's page in Chromium. What is fetched lies in build/npm.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
NPM_INSTALLED := build/npm/node_modules/.package-lock.json

.PHONY: test-npm test-page
$(NPM_INSTALLED): tests/npm/package.json
	@command -v node npm >/dev/null || { echo "this test wants node and npm" >&2; exit 2; }
	@mkdir -p build/npm && cp $< build/npm/
	cd build/npm && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

test-npm: $(BUILD)/honyaku $(NPM_INSTALLED) ## clients from npm against a service; wants node, npm and a network
	@tests/run $(BUILD) tests/npm/checks

test-page: $(BUILD)/honyaku $(NPM_INSTALLED) ## the gateway's page in Chromium; wants chromium, node, npm and a network
	@test -n "$(CHROMIUM)" || { echo "make test-page wants chromium: CHROMIUM=PROGRAM" >&2; exit 2; }
	@CHROMIUM="$(CHROMIUM)" tests/run $(BUILD) tests/page/checks
