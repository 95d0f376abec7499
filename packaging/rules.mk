# make install: the command, the library shared and static, its headers, pkg-config file, manual page and completion.
# DESTDIR is put before every path, for who builds packages.
SONAME := libhonyaku.so.0
SHARED := $(BUILD)/libhonyaku.so.$(VERSION)
$(SHARED): $(OBJECTS) packaging/honyaku.map
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=packaging/honyaku.map \
	    -Wl,--as-needed -o $@ $(OBJECTS) $(LIBS)

# The wire and the client alone: a client does not want the engine and what it brings along.
CLIENT_SONAME := libhonyaku-client.so.0
CLIENT_SHARED := $(BUILD)/libhonyaku-client.so.$(VERSION)
CLIENT_OBJECTS := $(addprefix $(OBJECTS_DIR)/base/,$(addsuffix .o,buffer descriptor file json key_file memory progress status utf8)) \
    $(addprefix $(OBJECTS_DIR)/pipeline/,$(addsuffix .o,client client_core connection keys message parcel post wire))
CLIENT_PACKAGES := libzmq jansson
$(CLIENT_SHARED): $(CLIENT_OBJECTS) packaging/honyaku.map
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(CLIENT_SONAME) -Wl,--version-script=packaging/honyaku.map \
	    -Wl,--as-needed -Wl,--no-undefined -o $@ $(CLIENT_OBJECTS) $(shell pkg-config --libs $(CLIENT_PACKAGES))
$(BUILD)/libhonyaku-client.a: $(CLIENT_OBJECTS)
	@rm -f $@ && ar rcs $@ $^

COMMAND_FILE := $(DESTDIR)$(PREFIX)/bin/honyaku
LIBRARY_DIR := $(DESTDIR)$(PREFIX)/lib
HEADER_DIR := $(DESTDIR)$(PREFIX)/include/honyaku
PKGCONFIG_FILE := $(LIBRARY_DIR)/pkgconfig/honyaku.pc
CLIENT_PKGCONFIG_FILE := $(LIBRARY_DIR)/pkgconfig/honyaku-client.pc
MANUAL_FILE := $(DESTDIR)$(PREFIX)/share/man/man1/honyaku.1
COMPLETION_FILE := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/honyaku
UNIT_DIR := $(DESTDIR)$(PREFIX)/lib/systemd/system
UNITS := $(patsubst packaging/systemd/%.in,%,$(wildcard packaging/systemd/*.in))

.PHONY: install uninstall
install: $(BUILD)/honyaku $(BUILD)/libhonyaku.a $(SHARED) $(BUILD)/libhonyaku-client.a $(CLIENT_SHARED) ## install below PREFIX (/usr/local), itself below DESTDIR
	install -D -m 755 $(BUILD)/honyaku $(COMMAND_FILE)
	install -D -m 644 $(BUILD)/libhonyaku.a $(LIBRARY_DIR)/libhonyaku.a
	install -D -m 755 $(SHARED) $(LIBRARY_DIR)/libhonyaku.so.$(VERSION)
	ln -sf libhonyaku.so.$(VERSION) $(LIBRARY_DIR)/$(SONAME)
	ln -sf $(SONAME) $(LIBRARY_DIR)/libhonyaku.so
	install -m 644 $(BUILD)/libhonyaku-client.a $(LIBRARY_DIR)/libhonyaku-client.a
	install -m 755 $(CLIENT_SHARED) $(LIBRARY_DIR)/libhonyaku-client.so.$(VERSION)
	ln -sf libhonyaku-client.so.$(VERSION) $(LIBRARY_DIR)/$(CLIENT_SONAME)
	ln -sf $(CLIENT_SONAME) $(LIBRARY_DIR)/libhonyaku-client.so
	for room in $(ROOMS); do \
	    install -d $(HEADER_DIR)/$$room && install -m 644 $$room/*.h $(HEADER_DIR)/$$room || exit 1; \
	done
	install -d $(dir $(PKGCONFIG_FILE)) $(dir $(MANUAL_FILE)) $(dir $(COMPLETION_FILE))
	sed -e 's|@PREFIX@|$(abspath $(PREFIX))|; s|@VERSION@|$(VERSION)|; s|@PACKAGES@|$(filter-out libzmq libmicrohttpd libcurl,$(PACKAGES))|' \
	    packaging/honyaku.pc.in >$(PKGCONFIG_FILE)
	sed -e 's|@PREFIX@|$(abspath $(PREFIX))|; s|@VERSION@|$(VERSION)|; s|@PACKAGES@|$(CLIENT_PACKAGES)|' \
	    packaging/honyaku-client.pc.in >$(CLIENT_PKGCONFIG_FILE)
	install -d $(UNIT_DIR)
	for unit in $(UNITS); do \
	    sed -e 's|@PREFIX@|$(abspath $(PREFIX))|; /@HARDENING@/ { r packaging/systemd/hardening' -e 'd; }' packaging/systemd/$$unit.in \
	        >$(UNIT_DIR)/$$unit || exit 1; \
	done
	$(BUILD)/honyaku --man >$(MANUAL_FILE)
	$(BUILD)/honyaku --completion >$(COMPLETION_FILE)

uninstall: ## remove what install put there
	rm -f $(COMMAND_FILE) $(PKGCONFIG_FILE) $(CLIENT_PKGCONFIG_FILE) $(MANUAL_FILE) $(COMPLETION_FILE) \
	    $(LIBRARY_DIR)/libhonyaku.* $(LIBRARY_DIR)/libhonyaku-client.* $(UNITS:%=$(UNIT_DIR)/%)
	rm -rf $(HEADER_DIR)
