"""The one mixed sound of a Space: encoders and packager."""
