#pragma once

#include "checked.h"
#include "formats.h"

namespace bart {

/// A format that is told by the first bytes of a file.
struct KnownFormat {
  const char* name;                                  // as in PictureFormat
  DecodedPicture (*decode)(Bytes, Decoding&);        // null: the format is known, but not read
  const char* advice = "convert it to PNG or JPEG";  // what to do with a file that is not read
};

/// The format of the file that begins with these bytes; null where it is unknown.
const KnownFormat* known_format(Bytes first_bytes);

}  // namespace bart
