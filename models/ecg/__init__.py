"""What can be read off an ECG without a trained model: R peaks, rate, rhythm; and beats cut for one."""
