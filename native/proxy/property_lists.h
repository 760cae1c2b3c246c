// Property lists of OPC DA 3.0 from the wire to the client's memory.
#pragma once

#include <opcda.h>

#include "../common/wire/responses.h"

namespace understudy {

// S_FALSE where a property is in error; what memory was too short for is left empty.
HRESULT CopyProperties(const wire::PropertyList& from, OPCITEMPROPERTIES& to);

}  // namespace understudy
