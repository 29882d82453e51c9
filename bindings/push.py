# ./bindings/push.py
# -*- coding: utf-8 -*-
# PyXB bindings for NM:78e7159b2d19399bf8a2f88735ee9c9419177a5a
# Namespace urn:munihub:push:1

from __future__ import unicode_literals
import pyxb
import pyxb.binding
import pyxb.binding.saxer
import io
import pyxb.utils.utility
import pyxb.utils.domutils
import sys
import pyxb.utils.six as _six
# Unique identifier for bindings created at the same time
_GenerationUID = pyxb.utils.utility.UniqueIdentifier('urn:uuid:7256d044-36b4-4897-a178-d0834d580ea8')

# Version of PyXB used to generate the bindings
_PyXBVersion = '1.2.6'

# A holder for module-level binding classes so we can access them from
# inside class definitions where property names may conflict.
_module_typeBindings = pyxb.utils.utility.Object()

# Import bindings for namespaces imported into schema
import pyxb.binding.datatypes

# NOTE: All namespace declarations are reserved within the binding
Namespace = pyxb.namespace.NamespaceForURI('urn:munihub:push:1', create_if_missing=True)
Namespace.configureCategories(['typeBinding', 'elementBinding'])

def CreateFromDocument (xml_text, fallback_namespace=None, location_base=None, default_namespace=None):
    """Parse the given XML and use the document element to create a
    Python instance.

    @param xml_text An XML document.  This should be data (Python 2
    str or Python 3 bytes), or a text (Python 2 unicode or Python 3
    str) in the L{pyxb._InputEncoding} encoding.

    @keyword fallback_namespace An absent L{pyxb.Namespace} instance
    to use for unqualified names when there is no default namespace in
    scope.  If unspecified or C{None}, the namespace of the module
    containing this function will be used, if it is an absent
    namespace.

    @keyword location_base: An object to be recorded as the base of all
    L{pyxb.utils.utility.Location} instances associated with events and
    objects handled by the parser.  You might pass the URI from which
    the document was obtained.

    @keyword default_namespace An alias for @c fallback_namespace used
    in PyXB 1.1.4 through 1.2.6.  It behaved like a default namespace
    only for absent namespaces.
    """

    if pyxb.XMLStyle_saxer != pyxb._XMLStyle:
        dom = pyxb.utils.domutils.StringToDOM(xml_text)
        return CreateFromDOM(dom.documentElement)
    if fallback_namespace is None:
        fallback_namespace = default_namespace
    if fallback_namespace is None:
        fallback_namespace = Namespace.fallbackNamespace()
    saxer = pyxb.binding.saxer.make_parser(fallback_namespace=fallback_namespace, location_base=location_base)
    handler = saxer.getContentHandler()
    xmld = xml_text
    if isinstance(xmld, _six.text_type):
        xmld = xmld.encode(pyxb._InputEncoding)
    saxer.parse(io.BytesIO(xmld))
    instance = handler.rootObject()
    return instance

def CreateFromDOM (node, fallback_namespace=None, default_namespace=None):
    """Create a Python instance from the given DOM node.
    The node tag must correspond to an element declaration in this module.

    @deprecated: Forcing use of DOM interface is unnecessary; use L{CreateFromDocument}."""
    if fallback_namespace is None:
        fallback_namespace = default_namespace
    if fallback_namespace is None:
        fallback_namespace = Namespace.fallbackNamespace()
    return pyxb.binding.basis.element.AnyCreateFromDOM(node, fallback_namespace)


# Atomic simple type: [anonymous]
class STD_ANON (pyxb.binding.datatypes.string, pyxb.binding.basis.enumeration_mixin):

    """An atomic simple type."""

    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 207, 6)
    _Documentation = None
STD_ANON._CF_enumeration = pyxb.binding.facets.CF_enumeration(enum_prefix=None, value_datatype=STD_ANON)
STD_ANON.accepted = STD_ANON._CF_enumeration.addEnumeration(unicode_value='accepted', tag='accepted')
STD_ANON.duplicate = STD_ANON._CF_enumeration.addEnumeration(unicode_value='duplicate', tag='duplicate')
STD_ANON.refused = STD_ANON._CF_enumeration.addEnumeration(unicode_value='refused', tag='refused')
STD_ANON._InitializeFacetMap(STD_ANON._CF_enumeration)
_module_typeBindings.STD_ANON = STD_ANON

# Atomic simple type: {urn:munihub:push:1}Id
class Id (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Id')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 227, 2)
    _Documentation = None
Id._CF_pattern = pyxb.binding.facets.CF_pattern()
Id._CF_pattern.addPattern(pattern='[^\\s]{1,200}')
Id._InitializeFacetMap(Id._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Id', Id)
_module_typeBindings.Id = Id

# Atomic simple type: {urn:munihub:push:1}Name
class Name (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Name')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 228, 2)
    _Documentation = None
Name._CF_maxLength = pyxb.binding.facets.CF_maxLength(value=pyxb.binding.datatypes.nonNegativeInteger(60))
Name._CF_pattern = pyxb.binding.facets.CF_pattern()
Name._CF_pattern.addPattern(pattern='[a-z0-9]+([_\\-][a-z0-9]+)*')
Name._InitializeFacetMap(Name._CF_maxLength,
   Name._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Name', Name)
_module_typeBindings.Name = Name

# Atomic simple type: {urn:munihub:push:1}Line
class Line (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Line')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 229, 2)
    _Documentation = None
Line._CF_maxLength = pyxb.binding.facets.CF_maxLength(value=pyxb.binding.datatypes.nonNegativeInteger(300))
Line._CF_minLength = pyxb.binding.facets.CF_minLength(value=pyxb.binding.datatypes.nonNegativeInteger(1))
Line._InitializeFacetMap(Line._CF_maxLength,
   Line._CF_minLength)
Namespace.addCategoryObject('typeBinding', 'Line', Line)
_module_typeBindings.Line = Line

# Atomic simple type: {urn:munihub:push:1}Text
class Text (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Text')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 230, 2)
    _Documentation = None
Text._CF_maxLength = pyxb.binding.facets.CF_maxLength(value=pyxb.binding.datatypes.nonNegativeInteger(4000))
Text._CF_minLength = pyxb.binding.facets.CF_minLength(value=pyxb.binding.datatypes.nonNegativeInteger(1))
Text._InitializeFacetMap(Text._CF_maxLength,
   Text._CF_minLength)
Namespace.addCategoryObject('typeBinding', 'Text', Text)
_module_typeBindings.Text = Text

# Atomic simple type: {urn:munihub:push:1}Scheme
class Scheme (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Scheme')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 231, 2)
    _Documentation = None
Scheme._CF_maxLength = pyxb.binding.facets.CF_maxLength(value=pyxb.binding.datatypes.nonNegativeInteger(60))
Scheme._CF_pattern = pyxb.binding.facets.CF_pattern()
Scheme._CF_pattern.addPattern(pattern='[a-z][a-z0-9_]*(\\.[a-z0-9_]+)*')
Scheme._InitializeFacetMap(Scheme._CF_maxLength,
   Scheme._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Scheme', Scheme)
_module_typeBindings.Scheme = Scheme

# Atomic simple type: {urn:munihub:push:1}Language
class Language (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Language')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 232, 2)
    _Documentation = None
Language._CF_pattern = pyxb.binding.facets.CF_pattern()
Language._CF_pattern.addPattern(pattern='[a-z]{2,3}(-[A-Za-z0-9]{2,8})*')
Language._InitializeFacetMap(Language._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Language', Language)
_module_typeBindings.Language = Language

# Atomic simple type: {urn:munihub:push:1}Currency
class Currency (pyxb.binding.datatypes.token):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Currency')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 233, 2)
    _Documentation = None
Currency._CF_pattern = pyxb.binding.facets.CF_pattern()
Currency._CF_pattern.addPattern(pattern='[A-Z]{3}')
Currency._InitializeFacetMap(Currency._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Currency', Currency)
_module_typeBindings.Currency = Currency

# Atomic simple type: {urn:munihub:push:1}Decimal
class Decimal (pyxb.binding.datatypes.decimal):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Decimal')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 234, 2)
    _Documentation = None
Decimal._CF_fractionDigits = pyxb.binding.facets.CF_fractionDigits(value=pyxb.binding.datatypes.nonNegativeInteger(3))
Decimal._CF_totalDigits = pyxb.binding.facets.CF_totalDigits(value=pyxb.binding.datatypes.positiveInteger(18))
Decimal._InitializeFacetMap(Decimal._CF_fractionDigits,
   Decimal._CF_totalDigits)
Namespace.addCategoryObject('typeBinding', 'Decimal', Decimal)
_module_typeBindings.Decimal = Decimal

# Atomic simple type: {urn:munihub:push:1}Day
class Day (pyxb.binding.datatypes.date):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Day')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 235, 2)
    _Documentation = None
Day._CF_pattern = pyxb.binding.facets.CF_pattern()
Day._CF_pattern.addPattern(pattern='\\d{4}-\\d\\d-\\d\\d')
Day._InitializeFacetMap(Day._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Day', Day)
_module_typeBindings.Day = Day

# Atomic simple type: {urn:munihub:push:1}Year
class Year (pyxb.binding.datatypes.integer):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Year')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 236, 2)
    _Documentation = None
Year._CF_maxInclusive = pyxb.binding.facets.CF_maxInclusive(value=pyxb.binding.datatypes.integer(2200), value_datatype=Year)
Year._CF_minInclusive = pyxb.binding.facets.CF_minInclusive(value=pyxb.binding.datatypes.integer(1900), value_datatype=Year)
Year._InitializeFacetMap(Year._CF_maxInclusive,
   Year._CF_minInclusive)
Namespace.addCategoryObject('typeBinding', 'Year', Year)
_module_typeBindings.Year = Year

# Atomic simple type: {urn:munihub:push:1}Ordinal
class Ordinal (pyxb.binding.datatypes.integer):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Ordinal')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 237, 2)
    _Documentation = None
Ordinal._CF_maxInclusive = pyxb.binding.facets.CF_maxInclusive(value=pyxb.binding.datatypes.integer(1000), value_datatype=Ordinal)
Ordinal._CF_minInclusive = pyxb.binding.facets.CF_minInclusive(value=pyxb.binding.datatypes.integer(1), value_datatype=Ordinal)
Ordinal._InitializeFacetMap(Ordinal._CF_maxInclusive,
   Ordinal._CF_minInclusive)
Namespace.addCategoryObject('typeBinding', 'Ordinal', Ordinal)
_module_typeBindings.Ordinal = Ordinal

# Atomic simple type: {urn:munihub:push:1}Moment
class Moment (pyxb.binding.datatypes.dateTime):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Moment')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 238, 2)
    _Documentation = None
Moment._CF_pattern = pyxb.binding.facets.CF_pattern()
Moment._CF_pattern.addPattern(pattern='\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?(Z|[+\\-]\\d\\d:\\d\\d)')
Moment._InitializeFacetMap(Moment._CF_pattern)
Namespace.addCategoryObject('typeBinding', 'Moment', Moment)
_module_typeBindings.Moment = Moment

# Atomic simple type: {urn:munihub:push:1}Role
class Role (pyxb.binding.datatypes.token, pyxb.binding.basis.enumeration_mixin):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Role')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 241, 2)
    _Documentation = None
Role._CF_enumeration = pyxb.binding.facets.CF_enumeration(enum_prefix=None, value_datatype=Role)
Role.debtor = Role._CF_enumeration.addEnumeration(unicode_value='debtor', tag='debtor')
Role.co_owner = Role._CF_enumeration.addEnumeration(unicode_value='co_owner', tag='co_owner')
Role.payer = Role._CF_enumeration.addEnumeration(unicode_value='payer', tag='payer')
Role.guardian = Role._CF_enumeration.addEnumeration(unicode_value='guardian', tag='guardian')
Role.applicant = Role._CF_enumeration.addEnumeration(unicode_value='applicant', tag='applicant')
Role.party = Role._CF_enumeration.addEnumeration(unicode_value='party', tag='party')
Role.representative = Role._CF_enumeration.addEnumeration(unicode_value='representative', tag='representative')
Role.parent = Role._CF_enumeration.addEnumeration(unicode_value='parent', tag='parent')
Role.self = Role._CF_enumeration.addEnumeration(unicode_value='self', tag='self')
Role._InitializeFacetMap(Role._CF_enumeration)
Namespace.addCategoryObject('typeBinding', 'Role', Role)
_module_typeBindings.Role = Role

# Atomic simple type: {urn:munihub:push:1}ObligationKind
class ObligationKind (pyxb.binding.datatypes.token, pyxb.binding.basis.enumeration_mixin):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'ObligationKind')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 248, 2)
    _Documentation = None
ObligationKind._CF_enumeration = pyxb.binding.facets.CF_enumeration(enum_prefix=None, value_datatype=ObligationKind)
ObligationKind.tax = ObligationKind._CF_enumeration.addEnumeration(unicode_value='tax', tag='tax')
ObligationKind.fee = ObligationKind._CF_enumeration.addEnumeration(unicode_value='fee', tag='fee')
ObligationKind.fine = ObligationKind._CF_enumeration.addEnumeration(unicode_value='fine', tag='fine')
ObligationKind.invoice = ObligationKind._CF_enumeration.addEnumeration(unicode_value='invoice', tag='invoice')
ObligationKind.rent = ObligationKind._CF_enumeration.addEnumeration(unicode_value='rent', tag='rent')
ObligationKind.credit = ObligationKind._CF_enumeration.addEnumeration(unicode_value='credit', tag='credit')
ObligationKind.other = ObligationKind._CF_enumeration.addEnumeration(unicode_value='other', tag='other')
ObligationKind._InitializeFacetMap(ObligationKind._CF_enumeration)
Namespace.addCategoryObject('typeBinding', 'ObligationKind', ObligationKind)
_module_typeBindings.ObligationKind = ObligationKind

# Atomic simple type: {urn:munihub:push:1}PublicStatus
class PublicStatus (pyxb.binding.datatypes.token, pyxb.binding.basis.enumeration_mixin):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'PublicStatus')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 254, 2)
    _Documentation = None
PublicStatus._CF_enumeration = pyxb.binding.facets.CF_enumeration(enum_prefix=None, value_datatype=PublicStatus)
PublicStatus.draft = PublicStatus._CF_enumeration.addEnumeration(unicode_value='draft', tag='draft')
PublicStatus.waiting_for_office = PublicStatus._CF_enumeration.addEnumeration(unicode_value='waiting_for_office', tag='waiting_for_office')
PublicStatus.needs_you = PublicStatus._CF_enumeration.addEnumeration(unicode_value='needs_you', tag='needs_you')
PublicStatus.decided = PublicStatus._CF_enumeration.addEnumeration(unicode_value='decided', tag='decided')
PublicStatus.closed = PublicStatus._CF_enumeration.addEnumeration(unicode_value='closed', tag='closed')
PublicStatus.withdrawn = PublicStatus._CF_enumeration.addEnumeration(unicode_value='withdrawn', tag='withdrawn')
PublicStatus._InitializeFacetMap(PublicStatus._CF_enumeration)
Namespace.addCategoryObject('typeBinding', 'PublicStatus', PublicStatus)
_module_typeBindings.PublicStatus = PublicStatus

# Atomic simple type: {urn:munihub:push:1}SubjectKind
class SubjectKind (pyxb.binding.datatypes.token, pyxb.binding.basis.enumeration_mixin):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'SubjectKind')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 260, 2)
    _Documentation = None
SubjectKind._CF_enumeration = pyxb.binding.facets.CF_enumeration(enum_prefix=None, value_datatype=SubjectKind)
SubjectKind.person = SubjectKind._CF_enumeration.addEnumeration(unicode_value='person', tag='person')
SubjectKind.entity = SubjectKind._CF_enumeration.addEnumeration(unicode_value='entity', tag='entity')
SubjectKind._InitializeFacetMap(SubjectKind._CF_enumeration)
Namespace.addCategoryObject('typeBinding', 'SubjectKind', SubjectKind)
_module_typeBindings.SubjectKind = SubjectKind

# Atomic simple type: {urn:munihub:push:1}Noun
class Noun (pyxb.binding.datatypes.token, pyxb.binding.basis.enumeration_mixin):

    """An atomic simple type."""

    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Noun')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 263, 2)
    _Documentation = None
Noun._CF_enumeration = pyxb.binding.facets.CF_enumeration(enum_prefix=None, value_datatype=Noun)
Noun.obligation = Noun._CF_enumeration.addEnumeration(unicode_value='obligation', tag='obligation')
Noun.case = Noun._CF_enumeration.addEnumeration(unicode_value='case', tag='case')
Noun.subject = Noun._CF_enumeration.addEnumeration(unicode_value='subject', tag='subject')
Noun._InitializeFacetMap(Noun._CF_enumeration)
Namespace.addCategoryObject('typeBinding', 'Noun', Noun)
_module_typeBindings.Noun = Noun

# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON (pyxb.binding.basis.complexTypeDefinition):
    """Complex type [anonymous] with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 10, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}obligation uses Python identifier obligation
    __obligation = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'obligation'), 'obligation', '__urnmunihubpush1_CTD_ANON_urnmunihubpush1obligation', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 40, 2), )

    
    obligation = property(__obligation.value, __obligation.set, None, 'What somebody owes: a tax, a fee, a fine, an invoice.')

    
    # Element {urn:munihub:push:1}case uses Python identifier case
    __case = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'case'), 'case', '__urnmunihubpush1_CTD_ANON_urnmunihubpush1case', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 69, 2), )

    
    case = property(__case.value, __case.set, None, 'A matter that an office deals with.')

    
    # Element {urn:munihub:push:1}subject uses Python identifier subject
    __subject = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'subject'), 'subject', '__urnmunihubpush1_CTD_ANON_urnmunihubpush1subject', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 93, 2), )

    
    subject = property(__subject.value, __subject.set, None, 'A person or a legal entity, as a register tells it.')

    
    # Element {urn:munihub:push:1}removal uses Python identifier removal
    __removal = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'removal'), 'removal', '__urnmunihubpush1_CTD_ANON_urnmunihubpush1removal', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 108, 2), )

    
    removal = property(__removal.value, __removal.set, None, 'A record that is no more.')

    
    # Element {urn:munihub:push:1}complete uses Python identifier complete
    __complete = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'complete'), 'complete', '__urnmunihubpush1_CTD_ANON_urnmunihubpush1complete', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 119, 2), )

    
    complete = property(__complete.value, __complete.set, None, 'Everything up to this moment has been sent.')

    _ElementMap.update({
        __obligation.name() : __obligation,
        __case.name() : __case,
        __subject.name() : __subject,
        __removal.name() : __removal,
        __complete.name() : __complete
    })
    _AttributeMap.update({
        
    })
_module_typeBindings.CTD_ANON = CTD_ANON


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_ (pyxb.binding.basis.complexTypeDefinition):
    """Complex type [anonymous] with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 22, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}receipt uses Python identifier receipt
    __receipt = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'receipt'), 'receipt', '__urnmunihubpush1_CTD_ANON__urnmunihubpush1receipt', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 24, 8), )

    
    receipt = property(__receipt.value, __receipt.set, None, None)

    _ElementMap.update({
        __receipt.name() : __receipt
    })
    _AttributeMap.update({
        
    })
_module_typeBindings.CTD_ANON_ = CTD_ANON_


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_2 (pyxb.binding.basis.complexTypeDefinition):
    """Complex type [anonymous] with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 31, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}misfit uses Python identifier misfit
    __misfit = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'misfit'), 'misfit', '__urnmunihubpush1_CTD_ANON_2_urnmunihubpush1misfit', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 33, 8), )

    
    misfit = property(__misfit.value, __misfit.set, None, None)

    _ElementMap.update({
        __misfit.name() : __misfit
    })
    _AttributeMap.update({
        
    })
_module_typeBindings.CTD_ANON_2 = CTD_ANON_2


# Complex type {urn:munihub:push:1}Instalment with content type ELEMENT_ONLY
class Instalment (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Instalment with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Instalment')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 181, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}number uses Python identifier number
    __number = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'number'), 'number', '__urnmunihubpush1_Instalment_urnmunihubpush1number', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 183, 6), )

    
    number = property(__number.value, __number.set, None, '1, 2, 3, …')

    
    # Element {urn:munihub:push:1}dueOn uses Python identifier dueOn
    __dueOn = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'dueOn'), 'dueOn', '__urnmunihubpush1_Instalment_urnmunihubpush1dueOn', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 184, 6), )

    
    dueOn = property(__dueOn.value, __dueOn.set, None, 'until when this part is to be paid, such as 2026-12-31')

    
    # Element {urn:munihub:push:1}amount uses Python identifier amount
    __amount = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'amount'), 'amount', '__urnmunihubpush1_Instalment_urnmunihubpush1amount', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 185, 6), )

    
    amount = property(__amount.value, __amount.set, None, 'the part as assessed, such as 62.50 with currency EUR')

    
    # Element {urn:munihub:push:1}outstanding uses Python identifier outstanding
    __outstanding = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'outstanding'), 'outstanding', '__urnmunihubpush1_Instalment_urnmunihubpush1outstanding', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 186, 6), )

    
    outstanding = property(__outstanding.value, __outstanding.set, None, 'what is still to be paid of it, such as 62.50')

    
    # Element {urn:munihub:push:1}reference uses Python identifier reference
    __reference = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'reference'), 'reference', '__urnmunihubpush1_Instalment_urnmunihubpush1reference', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 187, 6), )

    
    reference = property(__reference.value, __reference.set, None, 'how its payment is recognised, with its scheme')

    _ElementMap.update({
        __number.name() : __number,
        __dueOn.name() : __dueOn,
        __amount.name() : __amount,
        __outstanding.name() : __outstanding,
        __reference.name() : __reference
    })
    _AttributeMap.update({
        
    })
_module_typeBindings.Instalment = Instalment
Namespace.addCategoryObject('typeBinding', 'Instalment', Instalment)


# Complex type {urn:munihub:push:1}CaseEvent with content type ELEMENT_ONLY
class CaseEvent (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}CaseEvent with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'CaseEvent')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 191, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}at uses Python identifier at
    __at = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'at'), 'at', '__urnmunihubpush1_CaseEvent_urnmunihubpush1at', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 193, 6), )

    
    at = property(__at.value, __at.set, None, 'when, with its zone, such as 2026-11-21T10:15:00+01:00')

    
    # Element {urn:munihub:push:1}text uses Python identifier text
    __text = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'text'), 'text', '__urnmunihubpush1_CaseEvent_urnmunihubpush1text', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 194, 6), )

    
    text = property(__text.value, __text.set, None, 'what happened, for the citizen, with its language in lang')

    
    # Element {urn:munihub:push:1}status uses Python identifier status
    __status = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'status'), 'status', '__urnmunihubpush1_CaseEvent_urnmunihubpush1status', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 195, 6), )

    
    status = property(__status.value, __status.set, None, 'draft, waiting_for_office, needs_you, decided, closed or withdrawn')

    _ElementMap.update({
        __at.name() : __at,
        __text.name() : __text,
        __status.name() : __status
    })
    _AttributeMap.update({
        
    })
_module_typeBindings.CaseEvent = CaseEvent
Namespace.addCategoryObject('typeBinding', 'CaseEvent', CaseEvent)


# Complex type {urn:munihub:push:1}Misfit with content type ELEMENT_ONLY
class Misfit (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Misfit with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Misfit')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 217, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}field uses Python identifier field
    __field = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'field'), 'field', '__urnmunihubpush1_Misfit_urnmunihubpush1field', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 219, 6), )

    
    field = property(__field.value, __field.set, None, None)

    
    # Element {urn:munihub:push:1}place uses Python identifier place
    __place = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'place'), 'place', '__urnmunihubpush1_Misfit_urnmunihubpush1place', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 220, 6), )

    
    place = property(__place.value, __place.set, None, None)

    
    # Element {urn:munihub:push:1}line uses Python identifier line
    __line = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'line'), 'line', '__urnmunihubpush1_Misfit_urnmunihubpush1line', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 221, 6), )

    
    line = property(__line.value, __line.set, None, None)

    
    # Element {urn:munihub:push:1}reason uses Python identifier reason
    __reason = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'reason'), 'reason', '__urnmunihubpush1_Misfit_urnmunihubpush1reason', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 222, 6), )

    
    reason = property(__reason.value, __reason.set, None, None)

    
    # Element {urn:munihub:push:1}write uses Python identifier write
    __write = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'write'), 'write', '__urnmunihubpush1_Misfit_urnmunihubpush1write', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 223, 6), )

    
    write = property(__write.value, __write.set, None, None)

    _ElementMap.update({
        __field.name() : __field,
        __place.name() : __place,
        __line.name() : __line,
        __reason.name() : __reason,
        __write.name() : __write
    })
    _AttributeMap.update({
        
    })
_module_typeBindings.Misfit = Misfit
Namespace.addCategoryObject('typeBinding', 'Misfit', Misfit)


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_3 (pyxb.binding.basis.complexTypeDefinition):
    """What somebody owes: a tax, a fee, a fine, an invoice."""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 42, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}party uses Python identifier party
    __party = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'party'), 'party', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1party', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 45, 8), )

    
    party = property(__party.value, __party.set, None, 'who it is about: role debtor, co_owner, payer or guardian, with a scheme and a number')

    
    # Element {urn:munihub:push:1}kind uses Python identifier kind
    __kind = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'kind'), 'kind', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1kind', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 48, 8), )

    
    kind = property(__kind.value, __kind.set, None, 'tax, fee, fine, invoice, rent, credit or other')

    
    # Element {urn:munihub:push:1}title uses Python identifier title
    __title = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'title'), 'title', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1title', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 49, 8), )

    
    title = property(__title.value, __title.set, None, 'what the citizen reads, once for each language, with its language in lang')

    
    # Element {urn:munihub:push:1}original uses Python identifier original
    __original = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'original'), 'original', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1original', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 50, 8), )

    
    original = property(__original.value, __original.set, None, 'the amount as assessed, such as 125.00 with currency EUR')

    
    # Element {urn:munihub:push:1}outstanding uses Python identifier outstanding
    __outstanding = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'outstanding'), 'outstanding', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1outstanding', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 51, 8), )

    
    outstanding = property(__outstanding.value, __outstanding.set, None, 'what is still to be paid, such as 125.00; leave it out where you do not know')

    
    # Element {urn:munihub:push:1}interest uses Python identifier interest
    __interest = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'interest'), 'interest', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1interest', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 52, 8), )

    
    interest = property(__interest.value, __interest.set, None, 'interest and costs that are part of outstanding, such as 3.20')

    
    # Element {urn:munihub:push:1}issuedOn uses Python identifier issuedOn
    __issuedOn = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'issuedOn'), 'issuedOn', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1issuedOn', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 53, 8), )

    
    issuedOn = property(__issuedOn.value, __issuedOn.set, None, 'when it was assessed or invoiced, such as 2026-11-21')

    
    # Element {urn:munihub:push:1}dueOn uses Python identifier dueOn
    __dueOn = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'dueOn'), 'dueOn', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1dueOn', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 54, 8), )

    
    dueOn = property(__dueOn.value, __dueOn.set, None, 'until when it is to be paid, such as 2026-12-31')

    
    # Element {urn:munihub:push:1}year uses Python identifier year
    __year = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'year'), 'year', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1year', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 55, 8), )

    
    year = property(__year.value, __year.set, None, 'the budget year it belongs to, four digits')

    
    # Element {urn:munihub:push:1}payee uses Python identifier payee
    __payee = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'payee'), 'payee', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1payee', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 56, 8), )

    
    payee = property(__payee.value, __payee.set, None, "a payee as the town's configuration calls it; leave it out for the back office's own")

    
    # Element {urn:munihub:push:1}department uses Python identifier department
    __department = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'department'), 'department', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1department', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 57, 8), )

    
    department = property(__department.value, __department.set, None, "a department as the town's configuration calls it")

    
    # Element {urn:munihub:push:1}reference uses Python identifier reference
    __reference = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'reference'), 'reference', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1reference', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 58, 8), )

    
    reference = property(__reference.value, __reference.set, None, 'how the payment is recognised, with its scheme, such as hr.poziv_na_broj')

    
    # Element {urn:munihub:push:1}documentNumber uses Python identifier documentNumber
    __documentNumber = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'documentNumber'), 'documentNumber', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1documentNumber', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 59, 8), )

    
    documentNumber = property(__documentNumber.value, __documentNumber.set, None, 'the number printed on the assessment or invoice')

    
    # Element {urn:munihub:push:1}message uses Python identifier message
    __message = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'message'), 'message', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1message', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 60, 8), )

    
    message = property(__message.value, __message.set, None, 'text for the payee on the transfer')

    
    # Element {urn:munihub:push:1}cancelled uses Python identifier cancelled
    __cancelled = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'cancelled'), 'cancelled', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1cancelled', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 61, 8), )

    
    cancelled = property(__cancelled.value, __cancelled.set, None, 'true where it was cancelled or written off, else false')

    
    # Element {urn:munihub:push:1}countedWrite uses Python identifier countedWrite
    __countedWrite = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'countedWrite'), 'countedWrite', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1countedWrite', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 62, 8), )

    
    countedWrite = property(__countedWrite.value, __countedWrite.set, None, 'the key of a posting of the hub that outstanding has counted already')

    
    # Element {urn:munihub:push:1}instalment uses Python identifier instalment
    __instalment = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'instalment'), 'instalment', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1instalment', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 63, 8), )

    
    instalment = property(__instalment.value, __instalment.set, None, 'a part with a due date of its own')

    
    # Element {urn:munihub:push:1}key uses Python identifier key
    __key = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'key'), 'key', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1key', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6), )

    
    key = property(__key.value, __key.set, None, 'what you call the record, always the same: 1 to 300 characters')

    
    # Element {urn:munihub:push:1}changedAt uses Python identifier changedAt
    __changedAt = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), 'changedAt', '__urnmunihubpush1_CTD_ANON_3_urnmunihubpush1changedAt', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6), )

    
    changedAt = property(__changedAt.value, __changedAt.set, None, 'when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins')

    
    # Attribute id uses Python identifier id
    __id = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'id'), 'id', '__urnmunihubpush1_CTD_ANON_3_id', _module_typeBindings.Id, required=True)
    __id._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    __id._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    
    id = property(__id.value, __id.set, None, 'an id of this message, never used before: 1 to 200 characters without spaces; the same again is known and counted once')

    
    # Attribute feed uses Python identifier feed
    __feed = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'feed'), 'feed', '__urnmunihubpush1_CTD_ANON_3_feed', _module_typeBindings.Name)
    __feed._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    __feed._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    
    feed = property(__feed.value, __feed.set, None, 'which feed of the back office it belongs to, where several take the same records')

    _ElementMap.update({
        __party.name() : __party,
        __kind.name() : __kind,
        __title.name() : __title,
        __original.name() : __original,
        __outstanding.name() : __outstanding,
        __interest.name() : __interest,
        __issuedOn.name() : __issuedOn,
        __dueOn.name() : __dueOn,
        __year.name() : __year,
        __payee.name() : __payee,
        __department.name() : __department,
        __reference.name() : __reference,
        __documentNumber.name() : __documentNumber,
        __message.name() : __message,
        __cancelled.name() : __cancelled,
        __countedWrite.name() : __countedWrite,
        __instalment.name() : __instalment,
        __key.name() : __key,
        __changedAt.name() : __changedAt
    })
    _AttributeMap.update({
        __id.name() : __id,
        __feed.name() : __feed
    })
_module_typeBindings.CTD_ANON_3 = CTD_ANON_3


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_4 (pyxb.binding.basis.complexTypeDefinition):
    """A matter that an office deals with."""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 71, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}party uses Python identifier party
    __party = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'party'), 'party', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1party', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 74, 8), )

    
    party = property(__party.value, __party.set, None, 'who it is about: role applicant, party, representative or parent, with a scheme and a number')

    
    # Element {urn:munihub:push:1}title uses Python identifier title
    __title = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'title'), 'title', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1title', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 77, 8), )

    
    title = property(__title.value, __title.set, None, 'what the matter is about, once for each language, with its language in lang')

    
    # Element {urn:munihub:push:1}kind uses Python identifier kind
    __kind = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'kind'), 'kind', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1kind', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 78, 8), )

    
    kind = property(__kind.value, __kind.set, None, "the office's own type of matter")

    
    # Element {urn:munihub:push:1}status uses Python identifier status
    __status = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'status'), 'status', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1status', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 79, 8), )

    
    status = property(__status.value, __status.set, None, 'draft, waiting_for_office, needs_you, decided, closed or withdrawn')

    
    # Element {urn:munihub:push:1}officeStatus uses Python identifier officeStatus
    __officeStatus = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'officeStatus'), 'officeStatus', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1officeStatus', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 80, 8), )

    
    officeStatus = property(__officeStatus.value, __officeStatus.set, None, "the office's own word for where it stands, with its language in lang")

    
    # Element {urn:munihub:push:1}number uses Python identifier number
    __number = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'number'), 'number', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1number', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 81, 8), )

    
    number = property(__number.value, __number.set, None, 'a file number with its scheme, such as hr.klasa or cz.cislo_jednaci')

    
    # Element {urn:munihub:push:1}department uses Python identifier department
    __department = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'department'), 'department', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1department', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 82, 8), )

    
    department = property(__department.value, __department.set, None, "a department as the town's configuration calls it")

    
    # Element {urn:munihub:push:1}openedOn uses Python identifier openedOn
    __openedOn = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'openedOn'), 'openedOn', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1openedOn', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 83, 8), )

    
    openedOn = property(__openedOn.value, __openedOn.set, None, 'when it was registered, such as 2026-11-21')

    
    # Element {urn:munihub:push:1}dueOn uses Python identifier dueOn
    __dueOn = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'dueOn'), 'dueOn', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1dueOn', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 84, 8), )

    
    dueOn = property(__dueOn.value, __dueOn.set, None, 'until when the office must decide, such as 2026-12-31')

    
    # Element {urn:munihub:push:1}closedOn uses Python identifier closedOn
    __closedOn = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'closedOn'), 'closedOn', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1closedOn', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 85, 8), )

    
    closedOn = property(__closedOn.value, __closedOn.set, None, 'when it ended, such as 2026-12-31')

    
    # Element {urn:munihub:push:1}result uses Python identifier result
    __result = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'result'), 'result', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1result', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 86, 8), )

    
    result = property(__result.value, __result.set, None, 'what was decided, with its language in lang')

    
    # Element {urn:munihub:push:1}event uses Python identifier event
    __event = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'event'), 'event', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1event', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 87, 8), )

    
    event = property(__event.value, __event.set, None, 'what happened, oldest first')

    
    # Element {urn:munihub:push:1}key uses Python identifier key
    __key = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'key'), 'key', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1key', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6), )

    
    key = property(__key.value, __key.set, None, 'what you call the record, always the same: 1 to 300 characters')

    
    # Element {urn:munihub:push:1}changedAt uses Python identifier changedAt
    __changedAt = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), 'changedAt', '__urnmunihubpush1_CTD_ANON_4_urnmunihubpush1changedAt', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6), )

    
    changedAt = property(__changedAt.value, __changedAt.set, None, 'when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins')

    
    # Attribute id uses Python identifier id
    __id = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'id'), 'id', '__urnmunihubpush1_CTD_ANON_4_id', _module_typeBindings.Id, required=True)
    __id._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    __id._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    
    id = property(__id.value, __id.set, None, 'an id of this message, never used before: 1 to 200 characters without spaces; the same again is known and counted once')

    
    # Attribute feed uses Python identifier feed
    __feed = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'feed'), 'feed', '__urnmunihubpush1_CTD_ANON_4_feed', _module_typeBindings.Name)
    __feed._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    __feed._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    
    feed = property(__feed.value, __feed.set, None, 'which feed of the back office it belongs to, where several take the same records')

    _ElementMap.update({
        __party.name() : __party,
        __title.name() : __title,
        __kind.name() : __kind,
        __status.name() : __status,
        __officeStatus.name() : __officeStatus,
        __number.name() : __number,
        __department.name() : __department,
        __openedOn.name() : __openedOn,
        __dueOn.name() : __dueOn,
        __closedOn.name() : __closedOn,
        __result.name() : __result,
        __event.name() : __event,
        __key.name() : __key,
        __changedAt.name() : __changedAt
    })
    _AttributeMap.update({
        __id.name() : __id,
        __feed.name() : __feed
    })
_module_typeBindings.CTD_ANON_4 = CTD_ANON_4


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_5 (pyxb.binding.basis.complexTypeDefinition):
    """A person or a legal entity, as a register tells it."""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 95, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}party uses Python identifier party
    __party = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'party'), 'party', '__urnmunihubpush1_CTD_ANON_5_urnmunihubpush1party', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 98, 8), )

    
    party = property(__party.value, __party.set, None, 'a number it is known by: role self, with its scheme')

    
    # Element {urn:munihub:push:1}kind uses Python identifier kind
    __kind = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'kind'), 'kind', '__urnmunihubpush1_CTD_ANON_5_urnmunihubpush1kind', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 101, 8), )

    
    kind = property(__kind.value, __kind.set, None, 'person or entity')

    
    # Element {urn:munihub:push:1}name uses Python identifier name
    __name = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'name'), 'name', '__urnmunihubpush1_CTD_ANON_5_urnmunihubpush1name', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 102, 8), )

    
    name = property(__name.value, __name.set, None, 'the full name as the register writes it')

    
    # Element {urn:munihub:push:1}key uses Python identifier key
    __key = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'key'), 'key', '__urnmunihubpush1_CTD_ANON_5_urnmunihubpush1key', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6), )

    
    key = property(__key.value, __key.set, None, 'what you call the record, always the same: 1 to 300 characters')

    
    # Element {urn:munihub:push:1}changedAt uses Python identifier changedAt
    __changedAt = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), 'changedAt', '__urnmunihubpush1_CTD_ANON_5_urnmunihubpush1changedAt', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6), )

    
    changedAt = property(__changedAt.value, __changedAt.set, None, 'when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins')

    
    # Attribute id uses Python identifier id
    __id = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'id'), 'id', '__urnmunihubpush1_CTD_ANON_5_id', _module_typeBindings.Id, required=True)
    __id._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    __id._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    
    id = property(__id.value, __id.set, None, 'an id of this message, never used before: 1 to 200 characters without spaces; the same again is known and counted once')

    
    # Attribute feed uses Python identifier feed
    __feed = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'feed'), 'feed', '__urnmunihubpush1_CTD_ANON_5_feed', _module_typeBindings.Name)
    __feed._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    __feed._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    
    feed = property(__feed.value, __feed.set, None, 'which feed of the back office it belongs to, where several take the same records')

    _ElementMap.update({
        __party.name() : __party,
        __kind.name() : __kind,
        __name.name() : __name,
        __key.name() : __key,
        __changedAt.name() : __changedAt
    })
    _AttributeMap.update({
        __id.name() : __id,
        __feed.name() : __feed
    })
_module_typeBindings.CTD_ANON_5 = CTD_ANON_5


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_6 (pyxb.binding.basis.complexTypeDefinition):
    """A record that is no more."""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 110, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}of uses Python identifier of
    __of = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'of'), 'of', '__urnmunihubpush1_CTD_ANON_6_urnmunihubpush1of', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 113, 8), )

    
    of = property(__of.value, __of.set, None, 'what it was: obligation, case or subject')

    
    # Element {urn:munihub:push:1}key uses Python identifier key
    __key = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'key'), 'key', '__urnmunihubpush1_CTD_ANON_6_urnmunihubpush1key', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6), )

    
    key = property(__key.value, __key.set, None, 'what you call the record, always the same: 1 to 300 characters')

    
    # Element {urn:munihub:push:1}changedAt uses Python identifier changedAt
    __changedAt = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), 'changedAt', '__urnmunihubpush1_CTD_ANON_6_urnmunihubpush1changedAt', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6), )

    
    changedAt = property(__changedAt.value, __changedAt.set, None, 'when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins')

    
    # Attribute id uses Python identifier id
    __id = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'id'), 'id', '__urnmunihubpush1_CTD_ANON_6_id', _module_typeBindings.Id, required=True)
    __id._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    __id._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    
    id = property(__id.value, __id.set, None, 'an id of this message, never used before: 1 to 200 characters without spaces; the same again is known and counted once')

    
    # Attribute feed uses Python identifier feed
    __feed = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'feed'), 'feed', '__urnmunihubpush1_CTD_ANON_6_feed', _module_typeBindings.Name)
    __feed._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    __feed._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    
    feed = property(__feed.value, __feed.set, None, 'which feed of the back office it belongs to, where several take the same records')

    _ElementMap.update({
        __of.name() : __of,
        __key.name() : __key,
        __changedAt.name() : __changedAt
    })
    _AttributeMap.update({
        __id.name() : __id,
        __feed.name() : __feed
    })
_module_typeBindings.CTD_ANON_6 = CTD_ANON_6


# Complex type [anonymous] with content type ELEMENT_ONLY
class CTD_ANON_7 (pyxb.binding.basis.complexTypeDefinition):
    """Everything up to this moment has been sent."""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = None
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 121, 4)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}at uses Python identifier at
    __at = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'at'), 'at', '__urnmunihubpush1_CTD_ANON_7_urnmunihubpush1at', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 123, 8), )

    
    at = property(__at.value, __at.set, None, 'up to when, with its zone, such as 2026-11-21T10:15:00+01:00')

    
    # Element {urn:munihub:push:1}of uses Python identifier of
    __of = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'of'), 'of', '__urnmunihubpush1_CTD_ANON_7_urnmunihubpush1of', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 124, 8), )

    
    of = property(__of.value, __of.set, None, 'of what: obligation, case or subject')

    
    # Attribute id uses Python identifier id
    __id = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'id'), 'id', '__urnmunihubpush1_CTD_ANON_7_id', _module_typeBindings.Id, required=True)
    __id._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    __id._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 133, 4)
    
    id = property(__id.value, __id.set, None, 'an id of this message, never used before: 1 to 200 characters without spaces; the same again is known and counted once')

    
    # Attribute feed uses Python identifier feed
    __feed = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'feed'), 'feed', '__urnmunihubpush1_CTD_ANON_7_feed', _module_typeBindings.Name)
    __feed._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    __feed._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 136, 4)
    
    feed = property(__feed.value, __feed.set, None, 'which feed of the back office it belongs to, where several take the same records')

    _ElementMap.update({
        __at.name() : __at,
        __of.name() : __of
    })
    _AttributeMap.update({
        __id.name() : __id,
        __feed.name() : __feed
    })
_module_typeBindings.CTD_ANON_7 = CTD_ANON_7


# Complex type {urn:munihub:push:1}Party with content type SIMPLE
class Party (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Party with content type SIMPLE"""
    _TypeDefinition = Line
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_SIMPLE
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Party')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 148, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is Line
    
    # Attribute role uses Python identifier role
    __role = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'role'), 'role', '__urnmunihubpush1_Party_role', _module_typeBindings.Role, required=True)
    __role._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 151, 8)
    __role._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 151, 8)
    
    role = property(__role.value, __role.set, None, 'the part they have in it, such as debtor or applicant')

    
    # Attribute scheme uses Python identifier scheme
    __scheme = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'scheme'), 'scheme', '__urnmunihubpush1_Party_scheme', _module_typeBindings.Scheme, required=True)
    __scheme._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 152, 8)
    __scheme._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 152, 8)
    
    scheme = property(__scheme.value, __scheme.set, None, 'what kind of number it is, such as hr.oib')

    _ElementMap.update({
        
    })
    _AttributeMap.update({
        __role.name() : __role,
        __scheme.name() : __scheme
    })
_module_typeBindings.Party = Party
Namespace.addCategoryObject('typeBinding', 'Party', Party)


# Complex type {urn:munihub:push:1}Reference with content type SIMPLE
class Reference (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Reference with content type SIMPLE"""
    _TypeDefinition = Line
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_SIMPLE
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Reference')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 157, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is Line
    
    # Attribute scheme uses Python identifier scheme
    __scheme = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'scheme'), 'scheme', '__urnmunihubpush1_Reference_scheme', _module_typeBindings.Scheme, required=True)
    __scheme._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 160, 8)
    __scheme._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 160, 8)
    
    scheme = property(__scheme.value, __scheme.set, None, 'what kind of reference it is, such as cz.variable_symbol')

    _ElementMap.update({
        
    })
    _AttributeMap.update({
        __scheme.name() : __scheme
    })
_module_typeBindings.Reference = Reference
Namespace.addCategoryObject('typeBinding', 'Reference', Reference)


# Complex type {urn:munihub:push:1}Localised with content type SIMPLE
class Localised (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Localised with content type SIMPLE"""
    _TypeDefinition = Text
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_SIMPLE
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Localised')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 165, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is Text
    
    # Attribute lang uses Python identifier lang
    __lang = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'lang'), 'lang', '__urnmunihubpush1_Localised_lang', _module_typeBindings.Language, required=True)
    __lang._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 168, 8)
    __lang._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 168, 8)
    
    lang = property(__lang.value, __lang.set, None, 'its language, such as hr, cs, ro, uk, sr or sr-Latn')

    _ElementMap.update({
        
    })
    _AttributeMap.update({
        __lang.name() : __lang
    })
_module_typeBindings.Localised = Localised
Namespace.addCategoryObject('typeBinding', 'Localised', Localised)


# Complex type {urn:munihub:push:1}Amount with content type SIMPLE
class Amount (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Amount with content type SIMPLE"""
    _TypeDefinition = Decimal
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_SIMPLE
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Amount')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 173, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is Decimal
    
    # Attribute currency uses Python identifier currency
    __currency = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'currency'), 'currency', '__urnmunihubpush1_Amount_currency', _module_typeBindings.Currency, required=True)
    __currency._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 176, 8)
    __currency._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 176, 8)
    
    currency = property(__currency.value, __currency.set, None, 'its currency, such as EUR')

    _ElementMap.update({
        
    })
    _AttributeMap.update({
        __currency.name() : __currency
    })
_module_typeBindings.Amount = Amount
Namespace.addCategoryObject('typeBinding', 'Amount', Amount)


# Complex type {urn:munihub:push:1}Receipt with content type ELEMENT_ONLY
class Receipt (pyxb.binding.basis.complexTypeDefinition):
    """Complex type {urn:munihub:push:1}Receipt with content type ELEMENT_ONLY"""
    _TypeDefinition = None
    _ContentTypeTag = pyxb.binding.basis.complexTypeDefinition._CT_ELEMENT_ONLY
    _Abstract = False
    _ExpandedName = pyxb.namespace.ExpandedName(Namespace, 'Receipt')
    _XSDLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 199, 2)
    _ElementMap = {}
    _AttributeMap = {}
    # Base type is pyxb.binding.datatypes.anyType
    
    # Element {urn:munihub:push:1}deadLetter uses Python identifier deadLetter
    __deadLetter = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'deadLetter'), 'deadLetter', '__urnmunihubpush1_Receipt_urnmunihubpush1deadLetter', False, pyxb.utils.utility.Location('hub/intake/push.xsd', 201, 6), )

    
    deadLetter = property(__deadLetter.value, __deadLetter.set, None, None)

    
    # Element {urn:munihub:push:1}misfit uses Python identifier misfit
    __misfit = pyxb.binding.content.ElementDeclaration(pyxb.namespace.ExpandedName(Namespace, 'misfit'), 'misfit', '__urnmunihubpush1_Receipt_urnmunihubpush1misfit', True, pyxb.utils.utility.Location('hub/intake/push.xsd', 202, 6), )

    
    misfit = property(__misfit.value, __misfit.set, None, None)

    
    # Attribute item uses Python identifier item
    __item = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'item'), 'item', '__urnmunihubpush1_Receipt_item', pyxb.binding.datatypes.positiveInteger, required=True)
    __item._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 204, 4)
    __item._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 204, 4)
    
    item = property(__item.value, __item.set, None, None)

    
    # Attribute id uses Python identifier id
    __id = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'id'), 'id', '__urnmunihubpush1_Receipt_id', pyxb.binding.datatypes.string)
    __id._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 205, 4)
    __id._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 205, 4)
    
    id = property(__id.value, __id.set, None, None)

    
    # Attribute result uses Python identifier result
    __result = pyxb.binding.content.AttributeUse(pyxb.namespace.ExpandedName(None, 'result'), 'result', '__urnmunihubpush1_Receipt_result', _module_typeBindings.STD_ANON, required=True)
    __result._DeclarationLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 206, 4)
    __result._UseLocation = pyxb.utils.utility.Location('hub/intake/push.xsd', 206, 4)
    
    result = property(__result.value, __result.set, None, None)

    _ElementMap.update({
        __deadLetter.name() : __deadLetter,
        __misfit.name() : __misfit
    })
    _AttributeMap.update({
        __item.name() : __item,
        __id.name() : __id,
        __result.name() : __result
    })
_module_typeBindings.Receipt = Receipt
Namespace.addCategoryObject('typeBinding', 'Receipt', Receipt)


push = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'push'), CTD_ANON, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 9, 2))
Namespace.addCategoryObject('elementBinding', push.name().localName(), push)

pushResponse = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'pushResponse'), CTD_ANON_, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 21, 2))
Namespace.addCategoryObject('elementBinding', pushResponse.name().localName(), pushResponse)

misfits = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'misfits'), CTD_ANON_2, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 30, 2))
Namespace.addCategoryObject('elementBinding', misfits.name().localName(), misfits)

obligation = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'obligation'), CTD_ANON_3, documentation='What somebody owes: a tax, a fee, a fine, an invoice.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 40, 2))
Namespace.addCategoryObject('elementBinding', obligation.name().localName(), obligation)

case = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'case'), CTD_ANON_4, documentation='A matter that an office deals with.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 69, 2))
Namespace.addCategoryObject('elementBinding', case.name().localName(), case)

subject = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'subject'), CTD_ANON_5, documentation='A person or a legal entity, as a register tells it.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 93, 2))
Namespace.addCategoryObject('elementBinding', subject.name().localName(), subject)

removal = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'removal'), CTD_ANON_6, documentation='A record that is no more.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 108, 2))
Namespace.addCategoryObject('elementBinding', removal.name().localName(), removal)

complete = pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'complete'), CTD_ANON_7, documentation='Everything up to this moment has been sent.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 119, 2))
Namespace.addCategoryObject('elementBinding', complete.name().localName(), complete)



CTD_ANON._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'obligation'), CTD_ANON_3, scope=CTD_ANON, documentation='What somebody owes: a tax, a fee, a fine, an invoice.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 40, 2)))

CTD_ANON._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'case'), CTD_ANON_4, scope=CTD_ANON, documentation='A matter that an office deals with.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 69, 2)))

CTD_ANON._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'subject'), CTD_ANON_5, scope=CTD_ANON, documentation='A person or a legal entity, as a register tells it.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 93, 2)))

CTD_ANON._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'removal'), CTD_ANON_6, scope=CTD_ANON, documentation='A record that is no more.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 108, 2)))

CTD_ANON._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'complete'), CTD_ANON_7, scope=CTD_ANON, documentation='Everything up to this moment has been sent.', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 119, 2)))

def _BuildAutomaton ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton
    del _BuildAutomaton
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=1, max=1000, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 11, 6))
    counters.add(cc_0)
    states = []
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'obligation')), pyxb.utils.utility.Location('hub/intake/push.xsd', 12, 8))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'case')), pyxb.utils.utility.Location('hub/intake/push.xsd', 13, 8))
    st_1 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'subject')), pyxb.utils.utility.Location('hub/intake/push.xsd', 14, 8))
    st_2 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'removal')), pyxb.utils.utility.Location('hub/intake/push.xsd', 15, 8))
    st_3 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_3)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'complete')), pyxb.utils.utility.Location('hub/intake/push.xsd', 16, 8))
    st_4 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_4)
    transitions = []
    transitions.append(fac.Transition(st_0, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_0, True) ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_0, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_0, True) ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_0, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_0, True) ]))
    st_2._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_0, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_0, True) ]))
    st_3._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_0, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_0, True) ]))
    st_4._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON._Automaton = _BuildAutomaton()




CTD_ANON_._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'receipt'), Receipt, scope=CTD_ANON_, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 24, 8)))

def _BuildAutomaton_ ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_
    del _BuildAutomaton_
    import pyxb.utils.fac as fac

    counters = set()
    states = []
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'receipt')), pyxb.utils.utility.Location('hub/intake/push.xsd', 24, 8))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    transitions = []
    transitions.append(fac.Transition(st_0, [
         ]))
    st_0._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_._Automaton = _BuildAutomaton_()




CTD_ANON_2._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'misfit'), Misfit, scope=CTD_ANON_2, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 33, 8)))

def _BuildAutomaton_2 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_2
    del _BuildAutomaton_2
    import pyxb.utils.fac as fac

    counters = set()
    states = []
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_2._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'misfit')), pyxb.utils.utility.Location('hub/intake/push.xsd', 33, 8))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    transitions = []
    transitions.append(fac.Transition(st_0, [
         ]))
    st_0._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_2._Automaton = _BuildAutomaton_2()




Instalment._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'number'), Ordinal, scope=Instalment, documentation='1, 2, 3, …', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 183, 6)))

Instalment._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'dueOn'), Day, scope=Instalment, documentation='until when this part is to be paid, such as 2026-12-31', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 184, 6)))

Instalment._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'amount'), Amount, scope=Instalment, documentation='the part as assessed, such as 62.50 with currency EUR', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 185, 6)))

Instalment._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'outstanding'), Amount, scope=Instalment, documentation='what is still to be paid of it, such as 62.50', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 186, 6)))

Instalment._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'reference'), Reference, scope=Instalment, documentation='how its payment is recognised, with its scheme', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 187, 6)))

def _BuildAutomaton_3 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_3
    del _BuildAutomaton_3
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 186, 6))
    counters.add(cc_0)
    cc_1 = fac.CounterCondition(min=0, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 187, 6))
    counters.add(cc_1)
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(Instalment._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'number')), pyxb.utils.utility.Location('hub/intake/push.xsd', 183, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(Instalment._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'dueOn')), pyxb.utils.utility.Location('hub/intake/push.xsd', 184, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(Instalment._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'amount')), pyxb.utils.utility.Location('hub/intake/push.xsd', 185, 6))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(Instalment._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'outstanding')), pyxb.utils.utility.Location('hub/intake/push.xsd', 186, 6))
    st_3 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_3)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_1, False))
    symbol = pyxb.binding.content.ElementUse(Instalment._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'reference')), pyxb.utils.utility.Location('hub/intake/push.xsd', 187, 6))
    st_4 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_4)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
         ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_3, [
         ]))
    transitions.append(fac.Transition(st_4, [
         ]))
    st_2._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_0, False) ]))
    st_3._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_1, True) ]))
    st_4._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
Instalment._Automaton = _BuildAutomaton_3()




CaseEvent._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'at'), Moment, scope=CaseEvent, documentation='when, with its zone, such as 2026-11-21T10:15:00+01:00', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 193, 6)))

CaseEvent._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'text'), Localised, scope=CaseEvent, documentation='what happened, for the citizen, with its language in lang', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 194, 6)))

CaseEvent._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'status'), PublicStatus, scope=CaseEvent, documentation='draft, waiting_for_office, needs_you, decided, closed or withdrawn', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 195, 6)))

def _BuildAutomaton_4 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_4
    del _BuildAutomaton_4
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=1, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 194, 6))
    counters.add(cc_0)
    cc_1 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 195, 6))
    counters.add(cc_1)
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CaseEvent._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'at')), pyxb.utils.utility.Location('hub/intake/push.xsd', 193, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(CaseEvent._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'text')), pyxb.utils.utility.Location('hub/intake/push.xsd', 194, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_1, False))
    symbol = pyxb.binding.content.ElementUse(CaseEvent._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'status')), pyxb.utils.utility.Location('hub/intake/push.xsd', 195, 6))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, False) ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_1, True) ]))
    st_2._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CaseEvent._Automaton = _BuildAutomaton_4()




Misfit._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'field'), pyxb.binding.datatypes.string, scope=Misfit, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 219, 6)))

Misfit._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'place'), pyxb.binding.datatypes.string, scope=Misfit, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 220, 6)))

Misfit._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'line'), pyxb.binding.datatypes.positiveInteger, scope=Misfit, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 221, 6)))

Misfit._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'reason'), pyxb.binding.datatypes.string, scope=Misfit, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 222, 6)))

Misfit._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'write'), pyxb.binding.datatypes.string, scope=Misfit, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 223, 6)))

def _BuildAutomaton_5 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_5
    del _BuildAutomaton_5
    import pyxb.utils.fac as fac

    counters = set()
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(Misfit._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'field')), pyxb.utils.utility.Location('hub/intake/push.xsd', 219, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(Misfit._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'place')), pyxb.utils.utility.Location('hub/intake/push.xsd', 220, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(Misfit._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'line')), pyxb.utils.utility.Location('hub/intake/push.xsd', 221, 6))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(Misfit._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'reason')), pyxb.utils.utility.Location('hub/intake/push.xsd', 222, 6))
    st_3 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_3)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(Misfit._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'write')), pyxb.utils.utility.Location('hub/intake/push.xsd', 223, 6))
    st_4 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_4)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
         ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_3, [
         ]))
    st_2._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_4, [
         ]))
    st_3._set_transitionSet(transitions)
    transitions = []
    st_4._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
Misfit._Automaton = _BuildAutomaton_5()




CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'party'), Party, scope=CTD_ANON_3, documentation='who it is about: role debtor, co_owner, payer or guardian, with a scheme and a number', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 45, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'kind'), ObligationKind, scope=CTD_ANON_3, documentation='tax, fee, fine, invoice, rent, credit or other', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 48, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'title'), Localised, scope=CTD_ANON_3, documentation='what the citizen reads, once for each language, with its language in lang', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 49, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'original'), Amount, scope=CTD_ANON_3, documentation='the amount as assessed, such as 125.00 with currency EUR', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 50, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'outstanding'), Amount, scope=CTD_ANON_3, documentation='what is still to be paid, such as 125.00; leave it out where you do not know', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 51, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'interest'), Amount, scope=CTD_ANON_3, documentation='interest and costs that are part of outstanding, such as 3.20', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 52, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'issuedOn'), Day, scope=CTD_ANON_3, documentation='when it was assessed or invoiced, such as 2026-11-21', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 53, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'dueOn'), Day, scope=CTD_ANON_3, documentation='until when it is to be paid, such as 2026-12-31', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 54, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'year'), Year, scope=CTD_ANON_3, documentation='the budget year it belongs to, four digits', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 55, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'payee'), Name, scope=CTD_ANON_3, documentation="a payee as the town's configuration calls it; leave it out for the back office's own", location=pyxb.utils.utility.Location('hub/intake/push.xsd', 56, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'department'), Name, scope=CTD_ANON_3, documentation="a department as the town's configuration calls it", location=pyxb.utils.utility.Location('hub/intake/push.xsd', 57, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'reference'), Reference, scope=CTD_ANON_3, documentation='how the payment is recognised, with its scheme, such as hr.poziv_na_broj', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 58, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'documentNumber'), Line, scope=CTD_ANON_3, documentation='the number printed on the assessment or invoice', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 59, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'message'), Line, scope=CTD_ANON_3, documentation='text for the payee on the transfer', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 60, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'cancelled'), pyxb.binding.datatypes.boolean, scope=CTD_ANON_3, documentation='true where it was cancelled or written off, else false', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 61, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'countedWrite'), Line, scope=CTD_ANON_3, documentation='the key of a posting of the hub that outstanding has counted already', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 62, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'instalment'), Instalment, scope=CTD_ANON_3, documentation='a part with a due date of its own', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 63, 8)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'key'), Line, scope=CTD_ANON_3, documentation='what you call the record, always the same: 1 to 300 characters', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6)))

CTD_ANON_3._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), Moment, scope=CTD_ANON_3, documentation='when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6)))

def _BuildAutomaton_6 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_6
    del _BuildAutomaton_6
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=1, max=100, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 45, 8))
    counters.add(cc_0)
    cc_1 = fac.CounterCondition(min=1, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 49, 8))
    counters.add(cc_1)
    cc_2 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 51, 8))
    counters.add(cc_2)
    cc_3 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 52, 8))
    counters.add(cc_3)
    cc_4 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 53, 8))
    counters.add(cc_4)
    cc_5 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 54, 8))
    counters.add(cc_5)
    cc_6 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 55, 8))
    counters.add(cc_6)
    cc_7 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 56, 8))
    counters.add(cc_7)
    cc_8 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 57, 8))
    counters.add(cc_8)
    cc_9 = fac.CounterCondition(min=0, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 58, 8))
    counters.add(cc_9)
    cc_10 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 59, 8))
    counters.add(cc_10)
    cc_11 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 60, 8))
    counters.add(cc_11)
    cc_12 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 61, 8))
    counters.add(cc_12)
    cc_13 = fac.CounterCondition(min=0, max=1000, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 62, 8))
    counters.add(cc_13)
    cc_14 = fac.CounterCondition(min=0, max=200, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 63, 8))
    counters.add(cc_14)
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'key')), pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'changedAt')), pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'party')), pyxb.utils.utility.Location('hub/intake/push.xsd', 45, 8))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'kind')), pyxb.utils.utility.Location('hub/intake/push.xsd', 48, 8))
    st_3 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_3)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'title')), pyxb.utils.utility.Location('hub/intake/push.xsd', 49, 8))
    st_4 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_4)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'original')), pyxb.utils.utility.Location('hub/intake/push.xsd', 50, 8))
    st_5 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_5)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_2, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'outstanding')), pyxb.utils.utility.Location('hub/intake/push.xsd', 51, 8))
    st_6 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_6)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_3, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'interest')), pyxb.utils.utility.Location('hub/intake/push.xsd', 52, 8))
    st_7 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_7)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_4, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'issuedOn')), pyxb.utils.utility.Location('hub/intake/push.xsd', 53, 8))
    st_8 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_8)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_5, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'dueOn')), pyxb.utils.utility.Location('hub/intake/push.xsd', 54, 8))
    st_9 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_9)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_6, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'year')), pyxb.utils.utility.Location('hub/intake/push.xsd', 55, 8))
    st_10 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_10)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_7, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'payee')), pyxb.utils.utility.Location('hub/intake/push.xsd', 56, 8))
    st_11 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_11)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_8, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'department')), pyxb.utils.utility.Location('hub/intake/push.xsd', 57, 8))
    st_12 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_12)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_9, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'reference')), pyxb.utils.utility.Location('hub/intake/push.xsd', 58, 8))
    st_13 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_13)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_10, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'documentNumber')), pyxb.utils.utility.Location('hub/intake/push.xsd', 59, 8))
    st_14 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_14)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_11, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'message')), pyxb.utils.utility.Location('hub/intake/push.xsd', 60, 8))
    st_15 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_15)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_12, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'cancelled')), pyxb.utils.utility.Location('hub/intake/push.xsd', 61, 8))
    st_16 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_16)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_13, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'countedWrite')), pyxb.utils.utility.Location('hub/intake/push.xsd', 62, 8))
    st_17 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_17)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_14, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_3._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'instalment')), pyxb.utils.utility.Location('hub/intake/push.xsd', 63, 8))
    st_18 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_18)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
         ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, False) ]))
    st_2._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_4, [
         ]))
    st_3._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_1, True) ]))
    transitions.append(fac.Transition(st_5, [
        fac.UpdateInstruction(cc_1, False) ]))
    st_4._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_6, [
         ]))
    transitions.append(fac.Transition(st_7, [
         ]))
    transitions.append(fac.Transition(st_8, [
         ]))
    transitions.append(fac.Transition(st_9, [
         ]))
    transitions.append(fac.Transition(st_10, [
         ]))
    transitions.append(fac.Transition(st_11, [
         ]))
    transitions.append(fac.Transition(st_12, [
         ]))
    transitions.append(fac.Transition(st_13, [
         ]))
    transitions.append(fac.Transition(st_14, [
         ]))
    transitions.append(fac.Transition(st_15, [
         ]))
    transitions.append(fac.Transition(st_16, [
         ]))
    transitions.append(fac.Transition(st_17, [
         ]))
    transitions.append(fac.Transition(st_18, [
         ]))
    st_5._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_6, [
        fac.UpdateInstruction(cc_2, True) ]))
    transitions.append(fac.Transition(st_7, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_8, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_2, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_2, False) ]))
    st_6._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_7, [
        fac.UpdateInstruction(cc_3, True) ]))
    transitions.append(fac.Transition(st_8, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_3, False) ]))
    st_7._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_8, [
        fac.UpdateInstruction(cc_4, True) ]))
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_4, False) ]))
    st_8._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_5, True) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_5, False) ]))
    st_9._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_6, True) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_6, False) ]))
    st_10._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_7, True) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_7, False) ]))
    st_11._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_8, True) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_8, False) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_8, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_8, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_8, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_8, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_8, False) ]))
    st_12._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_9, True) ]))
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_9, False) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_9, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_9, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_9, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_9, False) ]))
    st_13._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_14, [
        fac.UpdateInstruction(cc_10, True) ]))
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_10, False) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_10, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_10, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_10, False) ]))
    st_14._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_15, [
        fac.UpdateInstruction(cc_11, True) ]))
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_11, False) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_11, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_11, False) ]))
    st_15._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_16, [
        fac.UpdateInstruction(cc_12, True) ]))
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_12, False) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_12, False) ]))
    st_16._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_17, [
        fac.UpdateInstruction(cc_13, True) ]))
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_13, False) ]))
    st_17._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_18, [
        fac.UpdateInstruction(cc_14, True) ]))
    st_18._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_3._Automaton = _BuildAutomaton_6()




CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'party'), Party, scope=CTD_ANON_4, documentation='who it is about: role applicant, party, representative or parent, with a scheme and a number', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 74, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'title'), Localised, scope=CTD_ANON_4, documentation='what the matter is about, once for each language, with its language in lang', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 77, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'kind'), Line, scope=CTD_ANON_4, documentation="the office's own type of matter", location=pyxb.utils.utility.Location('hub/intake/push.xsd', 78, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'status'), PublicStatus, scope=CTD_ANON_4, documentation='draft, waiting_for_office, needs_you, decided, closed or withdrawn', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 79, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'officeStatus'), Localised, scope=CTD_ANON_4, documentation="the office's own word for where it stands, with its language in lang", location=pyxb.utils.utility.Location('hub/intake/push.xsd', 80, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'number'), Reference, scope=CTD_ANON_4, documentation='a file number with its scheme, such as hr.klasa or cz.cislo_jednaci', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 81, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'department'), Name, scope=CTD_ANON_4, documentation="a department as the town's configuration calls it", location=pyxb.utils.utility.Location('hub/intake/push.xsd', 82, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'openedOn'), Day, scope=CTD_ANON_4, documentation='when it was registered, such as 2026-11-21', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 83, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'dueOn'), Day, scope=CTD_ANON_4, documentation='until when the office must decide, such as 2026-12-31', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 84, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'closedOn'), Day, scope=CTD_ANON_4, documentation='when it ended, such as 2026-12-31', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 85, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'result'), Localised, scope=CTD_ANON_4, documentation='what was decided, with its language in lang', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 86, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'event'), CaseEvent, scope=CTD_ANON_4, documentation='what happened, oldest first', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 87, 8)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'key'), Line, scope=CTD_ANON_4, documentation='what you call the record, always the same: 1 to 300 characters', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6)))

CTD_ANON_4._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), Moment, scope=CTD_ANON_4, documentation='when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6)))

def _BuildAutomaton_7 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_7
    del _BuildAutomaton_7
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=1, max=100, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 74, 8))
    counters.add(cc_0)
    cc_1 = fac.CounterCondition(min=1, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 77, 8))
    counters.add(cc_1)
    cc_2 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 78, 8))
    counters.add(cc_2)
    cc_3 = fac.CounterCondition(min=0, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 80, 8))
    counters.add(cc_3)
    cc_4 = fac.CounterCondition(min=0, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 81, 8))
    counters.add(cc_4)
    cc_5 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 82, 8))
    counters.add(cc_5)
    cc_6 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 83, 8))
    counters.add(cc_6)
    cc_7 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 84, 8))
    counters.add(cc_7)
    cc_8 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 85, 8))
    counters.add(cc_8)
    cc_9 = fac.CounterCondition(min=0, max=10, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 86, 8))
    counters.add(cc_9)
    cc_10 = fac.CounterCondition(min=0, max=500, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 87, 8))
    counters.add(cc_10)
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'key')), pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'changedAt')), pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'party')), pyxb.utils.utility.Location('hub/intake/push.xsd', 74, 8))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'title')), pyxb.utils.utility.Location('hub/intake/push.xsd', 77, 8))
    st_3 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_3)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'kind')), pyxb.utils.utility.Location('hub/intake/push.xsd', 78, 8))
    st_4 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_4)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'status')), pyxb.utils.utility.Location('hub/intake/push.xsd', 79, 8))
    st_5 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_5)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_3, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'officeStatus')), pyxb.utils.utility.Location('hub/intake/push.xsd', 80, 8))
    st_6 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_6)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_4, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'number')), pyxb.utils.utility.Location('hub/intake/push.xsd', 81, 8))
    st_7 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_7)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_5, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'department')), pyxb.utils.utility.Location('hub/intake/push.xsd', 82, 8))
    st_8 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_8)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_6, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'openedOn')), pyxb.utils.utility.Location('hub/intake/push.xsd', 83, 8))
    st_9 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_9)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_7, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'dueOn')), pyxb.utils.utility.Location('hub/intake/push.xsd', 84, 8))
    st_10 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_10)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_8, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'closedOn')), pyxb.utils.utility.Location('hub/intake/push.xsd', 85, 8))
    st_11 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_11)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_9, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'result')), pyxb.utils.utility.Location('hub/intake/push.xsd', 86, 8))
    st_12 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_12)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_10, False))
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_4._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'event')), pyxb.utils.utility.Location('hub/intake/push.xsd', 87, 8))
    st_13 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_13)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
         ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, False) ]))
    st_2._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_1, True) ]))
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_1, False) ]))
    transitions.append(fac.Transition(st_5, [
        fac.UpdateInstruction(cc_1, False) ]))
    st_3._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_4, [
        fac.UpdateInstruction(cc_2, True) ]))
    transitions.append(fac.Transition(st_5, [
        fac.UpdateInstruction(cc_2, False) ]))
    st_4._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_6, [
         ]))
    transitions.append(fac.Transition(st_7, [
         ]))
    transitions.append(fac.Transition(st_8, [
         ]))
    transitions.append(fac.Transition(st_9, [
         ]))
    transitions.append(fac.Transition(st_10, [
         ]))
    transitions.append(fac.Transition(st_11, [
         ]))
    transitions.append(fac.Transition(st_12, [
         ]))
    transitions.append(fac.Transition(st_13, [
         ]))
    st_5._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_6, [
        fac.UpdateInstruction(cc_3, True) ]))
    transitions.append(fac.Transition(st_7, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_8, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_3, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_3, False) ]))
    st_6._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_7, [
        fac.UpdateInstruction(cc_4, True) ]))
    transitions.append(fac.Transition(st_8, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_4, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_4, False) ]))
    st_7._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_8, [
        fac.UpdateInstruction(cc_5, True) ]))
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_5, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_5, False) ]))
    st_8._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_9, [
        fac.UpdateInstruction(cc_6, True) ]))
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_6, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_6, False) ]))
    st_9._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_10, [
        fac.UpdateInstruction(cc_7, True) ]))
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_7, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_7, False) ]))
    st_10._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_11, [
        fac.UpdateInstruction(cc_8, True) ]))
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_8, False) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_8, False) ]))
    st_11._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_12, [
        fac.UpdateInstruction(cc_9, True) ]))
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_9, False) ]))
    st_12._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_13, [
        fac.UpdateInstruction(cc_10, True) ]))
    st_13._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_4._Automaton = _BuildAutomaton_7()




CTD_ANON_5._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'party'), Party, scope=CTD_ANON_5, documentation='a number it is known by: role self, with its scheme', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 98, 8)))

CTD_ANON_5._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'kind'), SubjectKind, scope=CTD_ANON_5, documentation='person or entity', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 101, 8)))

CTD_ANON_5._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'name'), Line, scope=CTD_ANON_5, documentation='the full name as the register writes it', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 102, 8)))

CTD_ANON_5._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'key'), Line, scope=CTD_ANON_5, documentation='what you call the record, always the same: 1 to 300 characters', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6)))

CTD_ANON_5._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), Moment, scope=CTD_ANON_5, documentation='when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6)))

def _BuildAutomaton_8 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_8
    del _BuildAutomaton_8
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=1, max=20, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 98, 8))
    counters.add(cc_0)
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_5._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'key')), pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_5._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'changedAt')), pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_5._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'party')), pyxb.utils.utility.Location('hub/intake/push.xsd', 98, 8))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_5._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'kind')), pyxb.utils.utility.Location('hub/intake/push.xsd', 101, 8))
    st_3 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_3)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_5._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'name')), pyxb.utils.utility.Location('hub/intake/push.xsd', 102, 8))
    st_4 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_4)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
         ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_3, [
        fac.UpdateInstruction(cc_0, False) ]))
    st_2._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_4, [
         ]))
    st_3._set_transitionSet(transitions)
    transitions = []
    st_4._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_5._Automaton = _BuildAutomaton_8()




CTD_ANON_6._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'of'), Noun, scope=CTD_ANON_6, documentation='what it was: obligation, case or subject', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 113, 8)))

CTD_ANON_6._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'key'), Line, scope=CTD_ANON_6, documentation='what you call the record, always the same: 1 to 300 characters', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6)))

CTD_ANON_6._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'changedAt'), Moment, scope=CTD_ANON_6, documentation='when you last changed it, with its zone, such as 2026-11-21T10:15:00+01:00; the newer one wins', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6)))

def _BuildAutomaton_9 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_9
    del _BuildAutomaton_9
    import pyxb.utils.fac as fac

    counters = set()
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_6._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'key')), pyxb.utils.utility.Location('hub/intake/push.xsd', 143, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_6._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'changedAt')), pyxb.utils.utility.Location('hub/intake/push.xsd', 144, 6))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_6._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'of')), pyxb.utils.utility.Location('hub/intake/push.xsd', 113, 8))
    st_2 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_2)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_2, [
         ]))
    st_1._set_transitionSet(transitions)
    transitions = []
    st_2._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_6._Automaton = _BuildAutomaton_9()




CTD_ANON_7._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'at'), Moment, scope=CTD_ANON_7, documentation='up to when, with its zone, such as 2026-11-21T10:15:00+01:00', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 123, 8)))

CTD_ANON_7._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'of'), Noun, scope=CTD_ANON_7, documentation='of what: obligation, case or subject', location=pyxb.utils.utility.Location('hub/intake/push.xsd', 124, 8)))

def _BuildAutomaton_10 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_10
    del _BuildAutomaton_10
    import pyxb.utils.fac as fac

    counters = set()
    states = []
    final_update = None
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_7._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'at')), pyxb.utils.utility.Location('hub/intake/push.xsd', 123, 8))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = set()
    symbol = pyxb.binding.content.ElementUse(CTD_ANON_7._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'of')), pyxb.utils.utility.Location('hub/intake/push.xsd', 124, 8))
    st_1 = fac.State(symbol, is_initial=False, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    transitions = []
    transitions.append(fac.Transition(st_1, [
         ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    st_1._set_transitionSet(transitions)
    return fac.Automaton(states, counters, False, containing_state=None)
CTD_ANON_7._Automaton = _BuildAutomaton_10()




Receipt._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'deadLetter'), pyxb.binding.datatypes.string, scope=Receipt, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 201, 6)))

Receipt._AddElement(pyxb.binding.basis.element(pyxb.namespace.ExpandedName(Namespace, 'misfit'), Misfit, scope=Receipt, location=pyxb.utils.utility.Location('hub/intake/push.xsd', 202, 6)))

def _BuildAutomaton_11 ():
    # Remove this helper function from the namespace after it is invoked
    global _BuildAutomaton_11
    del _BuildAutomaton_11
    import pyxb.utils.fac as fac

    counters = set()
    cc_0 = fac.CounterCondition(min=0, max=1, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 201, 6))
    counters.add(cc_0)
    cc_1 = fac.CounterCondition(min=0, max=None, metadata=pyxb.utils.utility.Location('hub/intake/push.xsd', 202, 6))
    counters.add(cc_1)
    states = []
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_0, False))
    symbol = pyxb.binding.content.ElementUse(Receipt._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'deadLetter')), pyxb.utils.utility.Location('hub/intake/push.xsd', 201, 6))
    st_0 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_0)
    final_update = set()
    final_update.add(fac.UpdateInstruction(cc_1, False))
    symbol = pyxb.binding.content.ElementUse(Receipt._UseForTag(pyxb.namespace.ExpandedName(Namespace, 'misfit')), pyxb.utils.utility.Location('hub/intake/push.xsd', 202, 6))
    st_1 = fac.State(symbol, is_initial=True, final_update=final_update, is_unordered_catenation=False)
    states.append(st_1)
    transitions = []
    transitions.append(fac.Transition(st_0, [
        fac.UpdateInstruction(cc_0, True) ]))
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_0, False) ]))
    st_0._set_transitionSet(transitions)
    transitions = []
    transitions.append(fac.Transition(st_1, [
        fac.UpdateInstruction(cc_1, True) ]))
    st_1._set_transitionSet(transitions)
    return fac.Automaton(states, counters, True, containing_state=None)
Receipt._Automaton = _BuildAutomaton_11()

