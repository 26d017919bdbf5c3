//! What the examples and tests on libtorch share.
