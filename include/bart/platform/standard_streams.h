#pragma once

namespace bart {

/// Makes sure that the descriptors 0 to 2 are open, before any file is: a file that got the number 2 would be
/// written full of messages. One that is closed becomes one that can be neither read nor written, so that
/// whoever uses it still gets an error. Throws Error where that cannot be done. For the start of a program.
void open_standard_streams();

}  // namespace bart
