// A shared library that is no model.
extern "C" int paceline_modell() { return 1; }
