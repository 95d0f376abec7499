# Trainings that are killed or meet failing system calls, and are resumed; few of them are part of `make test`.
.PHONY: resume-kills training-faults
resume-kills: honyaku ## kill a training KILLS (50) times, resume it, and compare it with one never disturbed
	@KILLS=$(or $(KILLS),50) SEED=$(or $(SEED),1) tests/run $(BUILD) tests/resume/check

training-faults: honyaku $(FAULT_TOOLS) ## let every STEPth (1st) file-changing system call of a training fail, then resume it
	@STEP=$(or $(STEP),1) tests/run $(BUILD) tests/fault-training/check
