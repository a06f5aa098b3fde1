#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "bart/serve/server.h"

namespace bart {

/// TLS 1.2 and 1.3 with a certificate and its key; nullptr if none is named. Throws Error with the name of
/// the file that is missing, is not PEM, or does not belong to the other.
std::unique_ptr<boost::asio::ssl::context> tls_context(const ServerTls& tls);

}  // namespace bart
