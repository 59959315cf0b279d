//! The signed outside of a sealed private message. It covers the ciphertext, never the plaintext (protocol,
//! "Private messages").

use serde::{Deserialize, Serialize};

use super::{Message, ReviewError};
use crate::canonical::{self, CanonicalError};
use crate::id::{AgencyId, Fingerprint, Hash};
use crate::keys::{KeyError, PublicKey, Purpose, SecretKey, Signature};
use crate::limits;

/// What a sealed message answers, who sends it to whom, and which ciphertext it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Hash of the offer that the message belongs to.
    pub offer: Hash,
    /// Who sends.
    pub from: AgencyId,
    /// Who receives.
    pub to: AgencyId,
    /// Counts the sender's messages to this recipient, at most 2^53 - 1.
    pub sequence: u64,
    /// SHA-256 of the ciphertext.
    pub content: Hash,
}

/// An envelope with the sender's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedEnvelope {
    /// The envelope.
    pub body: Envelope,
    /// By the sender's issue key, purpose `envelope`.
    pub signature: Signature,
}

/// Why a private message was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It was sent to somebody else.
    #[error("the message is for {0}")]
    NotForMe(AgencyId),
    /// More ciphertext than a message may have.
    #[error("the message has {actual} bytes, at most {}", limits::PRIVATE_BYTES)]
    TooLarge {
        /// Bytes received.
        actual: usize,
    },
    /// Another ciphertext than the one that was signed.
    #[error("the ciphertext is not the one that {0} signed")]
    OtherContent(AgencyId),
    /// The sender's issue key did not sign it.
    #[error("the envelope of {from}: {cause}")]
    Signature {
        /// Who claims to have sent it.
        from: AgencyId,
        /// What is wrong.
        cause: KeyError,
    },
    /// The envelope cannot be written, so it was never signed.
    #[error("not an envelope: {0}")]
    Canonical(#[from] CanonicalError),
    /// What was sealed is no message.
    #[error(transparent)]
    Message(#[from] ReviewError),
    /// A message about one offer in an envelope about another.
    #[error("the message of {0} belongs to another offer than its envelope")]
    OtherOffer(AgencyId),
    /// A message of one agency in another's envelope.
    #[error("{from} sent a message that {author} wrote")]
    OtherAuthor {
        /// Whose envelope.
        from: AgencyId,
        /// Whose words.
        author: AgencyId,
    },
    /// A dossier copy made for another recipient.
    #[error("{from} sent {to} the copy of another agency")]
    OtherRecipient {
        /// Whose envelope.
        from: AgencyId,
        /// Who got it.
        to: AgencyId,
    },
}

impl Envelope {
    /// The envelope of this ciphertext.
    #[must_use]
    pub fn around(offer: Hash, from: AgencyId, to: AgencyId, sequence: u64, ciphertext: &[u8]) -> Self {
        Self { offer, from, to, sequence, content: Hash::of(&[ciphertext]) }
    }

    /// Signs it with the sender's issue key.
    ///
    /// # Errors
    /// [`EnvelopeError::Canonical`] when the sequence is out of range.
    pub fn sign(self, federation: &Fingerprint, issue: &SecretKey) -> Result<SignedEnvelope, EnvelopeError> {
        let text = canonical::encode(&self, limits::RECORD_BYTES)?;
        let signature = issue.sign(Purpose::Envelope, federation, &text);
        Ok(SignedEnvelope { body: self, signature })
    }

    /// Reads what the ciphertext held. Call it on what [`SignedEnvelope::verify`] returned: a message is only worth
    /// something in its own sender's envelope and about its own offer.
    ///
    /// # Errors
    /// [`EnvelopeError::Message`], [`EnvelopeError::OtherOffer`], [`EnvelopeError::OtherAuthor`],
    /// [`EnvelopeError::OtherRecipient`].
    pub fn open(&self, plaintext: &[u8]) -> Result<Message, EnvelopeError> {
        let message = Message::decode(plaintext)?;
        if message.offer()? != self.offer {
            return Err(EnvelopeError::OtherOffer(self.from.clone()));
        }
        if let Some(author) = message.author().filter(|author| *author != &self.from) {
            return Err(EnvelopeError::OtherAuthor { from: self.from.clone(), author: author.clone() });
        }
        match &message {
            Message::Dossier { dossier } if dossier.recipient != self.to => {
                Err(EnvelopeError::OtherRecipient { from: self.from.clone(), to: self.to.clone() })
            }
            _ => Ok(message),
        }
    }
}

impl SignedEnvelope {
    /// Checks recipient, ciphertext and signature, the cheap checks first. `issue` is the key that the sender's key
    /// set names.
    ///
    /// # Errors
    /// [`EnvelopeError::NotForMe`], [`EnvelopeError::TooLarge`], [`EnvelopeError::OtherContent`],
    /// [`EnvelopeError::Signature`], [`EnvelopeError::Canonical`].
    pub fn verify(
        &self,
        federation: &Fingerprint,
        issue: &PublicKey,
        ciphertext: &[u8],
        me: &AgencyId,
    ) -> Result<&Envelope, EnvelopeError> {
        let Envelope { from, to, content, .. } = &self.body;
        if to != me {
            return Err(EnvelopeError::NotForMe(to.clone()));
        }
        if ciphertext.len() > limits::PRIVATE_BYTES {
            return Err(EnvelopeError::TooLarge { actual: ciphertext.len() });
        }
        if Hash::of(&[ciphertext]) != *content {
            return Err(EnvelopeError::OtherContent(from.clone()));
        }
        let text = canonical::encode(&self.body, limits::RECORD_BYTES)?;
        let wrong = |cause| EnvelopeError::Signature { from: from.clone(), cause };
        issue.verify(Purpose::Envelope, federation, &text, &self.signature).map_err(wrong)?;
        Ok(&self.body)
    }
}
