"""The jobs: stages, run manifest, atomic publish and the command line."""
