"""What is compared with what: a configuration run, its baseline found, sides checked, the verdict kept."""
