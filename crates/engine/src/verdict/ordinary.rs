//! What errors say beside the texts that are looked for.

/// Sentences as they stand in errors of any provider, in lower case: bytes that are frequent here tell of no text that it is
/// there.
pub(super) const ORDINARY: [&str; 24] = [
    "we could not process your request because of an error on our side. please try again later, or contact support \
     if this continues.",
    "you have reached the limit that your plan allows for this model and for all of its users. it will be reset \
     again in about an hour.",
    "for more information on this error and on other errors, read the documentation of our api, or visit our website \
     and ask there.",
    "your account is not allowed to use this. please check your settings and billing details, and make sure that \
     they are as they should be.",
    "there was a problem with the message that you sent: it is too long, or some of its parts are not valid. make it \
     shorter and send it again.",
    "the server is busy at the moment, as many others are using it right now. we are sorry for that, and will be \
     back in a few minutes.",
    "to use another model or to have more of them, go to your project's page, where you can create a key for each \
     member of your organization.",
    "you do not have access to what you asked for. if you think that it was by mistake, ask your administrator or \
     the owner of the team.",
    "this is what our service would do with any other request that comes from the same user or from another place, \
     so that it counts as well.",
    "sign in with your account again, since the token that you sent was issued before that time, has expired and can \
     no longer be used by anyone.",
    "the application with the id must be added by an administrator of the tenant, or consented to by one of its \
     users. you may have sent your request to the wrong one.",
    "an unexpected error occurred while we were trying to connect. the response from the upstream did not arrive in \
     time; please wait a moment, then retry your request.",
    "the authorization header is missing, or what it contains could not be read: the client must provide its own id \
     and secret when it requests a token at this endpoint.",
    "each of your projects shares the tokens per minute, the requests per day and the credits that are included in \
     it. what you have left is shown in your dashboard.",
    "the value of this parameter must be a number between the minimum and the maximum, and the content of each input \
     must be a string or an array of objects.",
    "this operation is currently not available here. the resource may have been moved, deleted or renamed, or its \
     name has changed, or it is temporarily down for maintenance.",
    "the prompt and the output together have more tokens than the context of the model can hold. please reduce the \
     length of your messages, or of what you would like back.",
    "you can see the current status of all systems at our status page, and find out how to increase, upgrade or add \
     what you need under your account's usage and billing.",
    "what you wrote was stopped by our safety filters, as it may go against our policies. change its wording, or \
     tell us what you were trying to do and why it should be allowed.",
    "your card was declined, or your last payment did not go through. add another one to your account and try it \
     again, or talk to your bank if that does not help.",
    "this feature is still in preview and not offered in your country or region yet. please join the waiting list, \
     and we will let you know as soon as it is ready for you.",
    "open the page on any other device, enter the code that is shown there, and then come back here. until it is \
     confirmed you may ask again every few seconds, but no faster.",
    "more requests were sent at once than are allowed at the same time. slow down, spread them over a longer time, \
     and look at the headers of each answer, which say how many remain.",
    "the image could not be downloaded from the url that was given, or its format is unknown to us. only files of \
     these types can be read, and none of them may be larger than that.",
];
