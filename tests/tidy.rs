//! Holds the shape of the tree: floors, faces, file length and who may read a status.
