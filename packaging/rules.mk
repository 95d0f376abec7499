# make install: the command, the library shared and static, its headers, pkg-config file, manual page and completion.
# DESTDIR is put before every path, for who builds packages.
SONAME := libhonyaku.so.0
SHARED := $(BUILD)/libhonyaku.so.$(VERSION)
$(SHARED): $(OBJECTS) packaging/honyaku.map
	@echo "  link $@"
	$(QUIET)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=packaging/honyaku.map \
	    -Wl,--as-needed -o $@ $(OBJECTS) $(LIBS)

COMMAND_FILE := $(DESTDIR)$(PREFIX)/bin/honyaku
LIBRARY_DIR := $(DESTDIR)$(PREFIX)/lib
HEADER_DIR := $(DESTDIR)$(PREFIX)/include/honyaku
PKGCONFIG_FILE := $(LIBRARY_DIR)/pkgconfig/honyaku.pc
MANUAL_FILE := $(DESTDIR)$(PREFIX)/share/man/man1/honyaku.1
COMPLETION_FILE := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/honyaku

.PHONY: install uninstall
install: $(BUILD)/honyaku $(BUILD)/libhonyaku.a $(SHARED) ## install below PREFIX (/usr/local), itself below DESTDIR
	install -D -m 755 $(BUILD)/honyaku $(COMMAND_FILE)
	install -D -m 644 $(BUILD)/libhonyaku.a $(LIBRARY_DIR)/libhonyaku.a
	install -D -m 755 $(SHARED) $(LIBRARY_DIR)/libhonyaku.so.$(VERSION)
	ln -sf libhonyaku.so.$(VERSION) $(LIBRARY_DIR)/$(SONAME)
	ln -sf $(SONAME) $(LIBRARY_DIR)/libhonyaku.so
	for room in $(ROOMS); do \
	    install -d $(HEADER_DIR)/$$room && install -m 644 $$room/*.h $(HEADER_DIR)/$$room || exit 1; \
	done
	install -d $(dir $(PKGCONFIG_FILE)) $(dir $(MANUAL_FILE)) $(dir $(COMPLETION_FILE))
	sed -e 's|@PREFIX@|$(abspath $(PREFIX))|; s|@VERSION@|$(VERSION)|; s|@PACKAGES@|$(PACKAGES)|' \
	    packaging/honyaku.pc.in >$(PKGCONFIG_FILE)
	$(BUILD)/honyaku --man >$(MANUAL_FILE)
	$(BUILD)/honyaku --completion >$(COMPLETION_FILE)

uninstall: ## remove what install put there
	rm -f $(COMMAND_FILE) $(PKGCONFIG_FILE) $(MANUAL_FILE) $(COMPLETION_FILE) $(LIBRARY_DIR)/libhonyaku.*
	rm -rf $(HEADER_DIR)
