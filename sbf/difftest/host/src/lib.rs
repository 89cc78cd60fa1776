//! Runs the difftest program natively and in the VM and compares
