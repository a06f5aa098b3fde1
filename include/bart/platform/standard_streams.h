#pragma once

namespace bart {

/// Makes sure at the start of a program that the descriptors 0 to 2 are open, because a file that got the
/// number 2 would be filled with messages. A closed descriptor is replaced by one that can be neither read
/// nor written, so that using it is still an error. Throws Error when that is not possible.
void open_standard_streams();

/// Whether standard input was closed when open_standard_streams() was called: nothing can be read from it.
bool standard_input_was_closed();

}  // namespace bart
