# Trainings that are killed and resumed; KILLS in all. A few of them are part of `make test`.
.PHONY: resume-kills
resume-kills: honyaku ## kill a training KILLS (50) times, resume it, and compare it with one never disturbed
	@KILLS=$(or $(KILLS),50) SEED=$(or $(SEED),1) tests/run $(BUILD) tests/resume/check
